/** The one style sheet of the hosted pages, within each page: its hash stands in the Content-Security-Policy. Contrast is AA or better. */
export const STYLE = `
:root{color-scheme:light dark;--page:#f3f5f4;--card:#fff;--text:#17201c;--soft:#55615b;--line:#8b978f;--accent:#0b6b4b;--accent-hover:#085239;--on-accent:#fff;--alert:#9b1c1c;--alert-page:#fdf0ef;--shadow:0 1px 2px rgb(16 32 24/.06),0 12px 32px rgb(16 32 24/.1)}
@media (prefers-color-scheme:dark){:root{--page:#101513;--card:#1a211e;--text:#eef3f0;--soft:#a9b6af;--line:#65726b;--accent:#5fd3a4;--accent-hover:#84e0bb;--on-accent:#06251a;--alert:#ffb4ab;--alert-page:#3a1a18;--shadow:0 1px 2px rgb(0 0 0/.5)}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;min-height:100vh;min-height:100dvh;display:flex;flex-direction:column;align-items:center;justify-content:center;padding:24px 16px;background:var(--page);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{width:100%;max-width:26rem;background:var(--card);border-radius:16px;box-shadow:var(--shadow);padding:36px 32px 32px}
.brand{display:flex;align-items:center;gap:10px;margin:0 0 24px;font-weight:600;font-size:.9375rem;color:var(--soft);overflow-wrap:anywhere}
.brand svg{flex:none;width:28px;height:28px;color:var(--accent)}
h1{margin:0;font-size:1.625rem;line-height:1.25;letter-spacing:-.01em;overflow-wrap:anywhere}
.lead{margin:6px 0 24px;text-wrap:pretty;color:var(--soft);overflow-wrap:anywhere}
.lead strong{color:var(--text);font-weight:600}
label{display:block;margin:0 0 6px;font-weight:600;font-size:.9375rem}
input{display:block;width:100%;min-height:48px;margin:0 0 18px;padding:10px 14px;border:1px solid var(--line);border-radius:10px;background:var(--card);color:var(--text);font:inherit}
input[aria-invalid=true]{border-color:var(--alert)}
button,.button{display:block;width:100%;min-height:48px;padding:11px 16px;border:1px solid transparent;border-radius:10px;background:var(--accent);color:var(--on-accent);font:inherit;font-weight:600;text-align:center;text-wrap:balance;overflow-wrap:anywhere;text-decoration:none;cursor:pointer}
form>button:first-of-type{margin-top:26px}
button:hover,.button:hover{background:var(--accent-hover)}
button.other{margin-top:12px;background:transparent;border-color:var(--line);color:var(--text)}
button.other:hover{background:var(--page)}
input:focus-visible,button:focus-visible,a:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
[role=alert]{margin:0 0 20px;padding:12px 14px;border-radius:10px;border-left:4px solid var(--alert);background:var(--alert-page);color:var(--text);overflow-wrap:anywhere}
[role=alert] p{margin:0}
[role=alert] code{display:block;margin-top:6px;font:.8125rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:var(--alert)}
.foot{margin:24px 0 0;text-align:center;text-wrap:balance;color:var(--soft)}
.or{display:flex;align-items:center;gap:12px;margin:22px 0 8px;color:var(--soft);font-size:.875rem}
.or::before,.or::after{content:"";flex:1;border-top:1px solid var(--line);opacity:.5}
ul{margin:0 0 24px;padding-left:20px}
li{margin:4px 0;overflow-wrap:anywhere}
a{color:var(--accent);font-weight:600}
@media (max-width:30rem){body{justify-content:flex-start;padding:0;background:var(--card)}main{max-width:none;border-radius:0;box-shadow:none;padding:32px 20px}}
`
