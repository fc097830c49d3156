// Presses the page's one button: the browser goes on to the identity provider by itself.
document.forms[0].submit();
