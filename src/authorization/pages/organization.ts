import { type Html, html } from '../../http/html.js'
import { alert, layout, type PageFrame } from './layout.js'

interface OrganizationView {
  readonly frame: PageFrame
  readonly clientName: string
  readonly action: string
  readonly transaction: string
  /** Whether the person may go on in their own name alone. */
  readonly mayDecline: boolean
}

interface OrganizationNameView extends OrganizationView {
  /** As it was typed. */
  readonly name: string
  readonly problem?: string | undefined
}

/** Before the login: nobody is told which organizations there are. */
export function organizationNamePage({ frame, clientName, action, transaction, mayDecline, name, problem }: OrganizationNameView): Html {
  const { organization, login } = frame.texts
  const marks = problem === undefined ? undefined : html` aria-invalid="true" aria-describedby="problem"`
  return layout(
    organization.nameTitle,
    frame,
    html`<h1>${organization.nameTitle}</h1>
      <p class="lead">${login.toContinueTo} <strong>${clientName}</strong></p>
      ${alert(problem)}
      <form method="post" action="${action}">
        <input type="hidden" name="transaction" value="${transaction}" />
        <label for="organization">${organization.name}</label>
        <input
          id="organization"
          name="organization"
          type="text"
          value="${name}"
          autocomplete="organization"
          autocapitalize="none"
          spellcheck="false"
          maxlength="64"
          required
          autofocus${marks}
        />
        <button type="submit" name="action" value="default">${login.submit}</button>
        ${mayDecline && html`<button class="other" type="submit" name="action" value="decline" formnovalidate>${organization.decline}</button>`}
      </form>`,
  )
}

interface OrganizationPickerView extends OrganizationView {
  readonly organizations: readonly { readonly id: string; readonly label: string }[]
}

/** After the login: the person's own. */
export function organizationPickerPage({ frame, clientName, action, transaction, mayDecline, organizations }: OrganizationPickerView): Html {
  const { organization, login } = frame.texts
  return layout(
    organization.pickTitle,
    frame,
    html`<h1>${organization.pickTitle}</h1>
      <p class="lead">${login.toContinueTo} <strong>${clientName}</strong></p>
      <form method="post" action="${action}">
        <input type="hidden" name="transaction" value="${transaction}" />
        ${organizations.map(({ id, label }) => html`<button class="other" type="submit" name="organization" value="${id}">${label}</button>`)}
        ${mayDecline && html`<button class="other" type="submit" name="action" value="decline">${organization.decline}</button>`}
      </form>`,
  )
}
