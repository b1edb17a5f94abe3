/** All that the hosted pages say, in one language. What a client or an API is called is theirs to say. */
export interface Texts {
  /** BCP 47, for the page's `lang`. */
  readonly lang: string
  readonly login: {
    readonly title: string
    readonly toContinueTo: string
    readonly emailAddress: string
    readonly usernameOrEmail: string
    readonly password: string
    readonly submit: string
    readonly or: string
    readonly with: (connection: string) => string
    readonly noAccount: string
    readonly signUp: string
    readonly incomplete: string
    readonly wrong: string
  }
  readonly signUp: {
    readonly title: string
    readonly heading: string
    readonly submit: string
    readonly haveAccount: string
    readonly logIn: string
    readonly incomplete: string
  }
  readonly consent: {
    readonly title: string
    readonly heading: string
    /** Before and after the client's name, without and with a list of permissions. */
    readonly asks: string
    readonly asksAnd: string
    readonly allow: string
    readonly decline: string
    /** What OpenID Connect's own scopes mean. */
    readonly permissions: Readonly<Record<string, string>>
  }
  readonly account: { readonly title: string; readonly heading: string; readonly continueAs: (account: string) => string; readonly other: string }
  readonly organization: {
    readonly nameTitle: string
    readonly name: string
    readonly incomplete: string
    readonly unknown: string
    readonly pickTitle: string
    /** Of people who may go on in their own name. */
    readonly decline: string
  }
  readonly logout: { readonly title: string; readonly heading: string; readonly explanation: string; readonly submit: string; readonly stay: string }
  readonly loggedOut: { readonly title: string; readonly heading: string; readonly explanation: string }
  readonly moment: { readonly title: string; readonly heading: string; readonly back: string; readonly close: string; readonly submit: string }
  readonly error: { readonly title: string; readonly heading: string; readonly lead: string; readonly tryAgain: string; readonly backToApplication: string }
}

export const ENGLISH: Texts = {
  lang: 'en',
  login: {
    title: 'Log in',
    toContinueTo: 'to continue to',
    emailAddress: 'Email address',
    usernameOrEmail: 'Username or email address',
    password: 'Password',
    submit: 'Continue',
    or: 'or',
    with: (connection) => `Log in with ${connection}`,
    noAccount: 'No account yet?',
    signUp: 'Sign up',
    incomplete: 'Please enter your email address and your password.',
    wrong: 'Wrong email or password.',
  },
  signUp: {
    title: 'Sign up',
    heading: 'Create your account',
    submit: 'Sign up',
    haveAccount: 'Already have an account?',
    logIn: 'Log in',
    incomplete: 'Please enter an email address and a password.',
  },
  consent: {
    title: 'Allow access',
    heading: 'Allow access?',
    asks: 'asks to use your account.',
    asksAnd: 'asks to use your account and to:',
    allow: 'Allow',
    decline: 'Decline',
    permissions: {
      profile: 'See your profile: name, nickname and picture',
      email: 'See your email address',
      address: 'See your postal address',
      phone: 'See your phone number',
      offline_access: 'Keep access while you are away',
    },
  },
  account: { title: 'Choose an account', heading: 'Choose an account', continueAs: (account) => `Continue as ${account}`, other: 'Use another account' },
  organization: {
    nameTitle: 'Your organization',
    name: 'Name of your organization',
    incomplete: 'Please enter the name of your organization.',
    unknown: 'You cannot log in to an organization of this name here.',
    pickTitle: 'Choose an organization',
    decline: 'Continue without an organization',
  },
  logout: {
    title: 'Log out',
    heading: 'Log out?',
    explanation: 'You will be logged out of all applications that you use with this account in this browser.',
    submit: 'Log out',
    stay: 'To stay logged in, close this page.',
  },
  loggedOut: { title: 'Logged out', heading: 'You are logged out', explanation: 'It is OK to close this page.' },
  moment: {
    title: 'Continue',
    heading: 'One moment',
    back: 'You are being taken back to the application.',
    close: 'You can close this page.',
    submit: 'Continue',
  },
  error: {
    title: 'Error',
    heading: 'This did not work',
    lead: 'The request could not be completed.',
    tryAgain: 'Please go back to the application and try again.',
    backToApplication: 'Back to the application',
  },
}
