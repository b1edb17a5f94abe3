/** The style sheet of the API's page, within it: its hash stands in the Content-Security-Policy. Contrast is AA or better. */
export const STYLE = `
:root{color-scheme:light dark;--page:#fff;--card:#f3f5f4;--text:#17201c;--soft:#55615b;--line:#c4ccc7;--accent:#0b6b4b}
@media (prefers-color-scheme:dark){:root{--page:#101513;--card:#1a211e;--text:#eef3f0;--soft:#a9b6af;--line:#3a4540;--accent:#5fd3a4}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:32px 20px 64px;background:var(--page);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
h1{margin:0;font-size:1.75rem}
h2{margin:40px 0 8px;font-size:1.25rem}
a{color:var(--accent)}
nav ul{display:flex;flex-wrap:wrap;gap:4px 16px;padding:0;list-style:none}
details{border-top:1px solid var(--line)}
summary{padding:10px 4px;cursor:pointer;overflow-wrap:anywhere}
summary b{display:inline-block;min-width:4.5rem;font:600 .8125rem ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:var(--accent)}
summary span{color:var(--soft)}
code,pre{font:.875rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
pre{margin:8px 0;padding:12px 16px;border-radius:8px;background:var(--card);overflow-x:auto}
dl{margin:0 0 16px;padding:0 4px}
dt{margin-top:8px;font-weight:600}
dd{margin:0;overflow-wrap:anywhere}
summary:focus-visible,a:focus-visible,pre:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
`
