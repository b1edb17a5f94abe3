import { useState } from 'react'
import { createRoot } from 'react-dom/client'
import { Auth0Provider, useAuth0 } from '@auth0/auth0-react'

/** What a first application looks like; the test says which client it is. */
function App() {
  const { isLoading, error, isAuthenticated, user, loginWithRedirect, logout, getAccessTokenSilently } = useAuth0()
  const [answer, setAnswer] = useState('')
  if (isLoading) return <p>Loading</p>
  if (error) return <p role="alert">{error.message}</p>
  if (!isAuthenticated) return <button onClick={() => loginWithRedirect()}>Log in</button>
  const ask = () =>
    getAccessTokenSilently({ cacheMode: 'off' })
      .then((token) => setAnswer(token))
      .catch((refusal) => setAnswer(refusal.error))
  return (
    <>
      <p>Hello {user.email}</p>
      <output>{answer}</output>
      <button onClick={ask}>Ask</button>
      <button onClick={() => logout({ logoutParams: { returnTo: window.location.origin } })}>Log out</button>
    </>
  )
}

createRoot(document.getElementById('root')).render(
  <Auth0Provider {...window.auth0Options}>
    <App />
  </Auth0Provider>,
)
