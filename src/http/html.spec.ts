import { html } from './html.js'

/** Under another name, so that its templates are not laid out as pages are. */
const tag = html

describe('the html tag', () => {
  it('escapes what would end a text or an attribute', () => {
    expect(tag`<p title="${`"><script>`}">${`<b>&'`}</p>`.text).toBe('<p title="&quot;&gt;&lt;script&gt;">&lt;b&gt;&amp;&#39;</p>')
  })

  it('takes parts that are HTML as they are, also in lists, and leaves out what is not there', () => {
    const items = ['a', '<'].map((text) => tag`<li>${text}</li>`)
    expect(tag`<ul>${items}</ul>${false}${null}${undefined}${0}`.text).toBe('<ul><li>a</li><li>&lt;</li></ul>0')
  })
})
