// Presses the page's one button, as Okta's own page does.
document.forms[0].submit();
