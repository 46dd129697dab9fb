// SPDX-License-Identifier: MIT
// The page at control.http: what comes each second takes the place of what is there. The browser connects anew by itself; where
// it gives up (there are too many who look), the page is loaded again after a while.
"use strict";
const now = document.getElementById("now");
const link = document.getElementById("link");
const events = new EventSource("/now");
events.onmessage = (event) => {
	now.innerHTML = event.data;
	link.textContent = "live";
};
events.onerror = () => {
	link.textContent = "the connection is gone; what is above is old";
	if (events.readyState === EventSource.CLOSED)
		setTimeout(() => location.reload(), 10000);
};
