// Presses the page's one button: the browser goes on to the identity provider by itself.
const onward = document.querySelector('a.onward');
if (onward) location.replace(onward.href);
else document.forms[0].submit();
