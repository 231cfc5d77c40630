// Shows what the server pushes, and opens the session when somebody presses it. It keeps no copies of the app: the
// page is always the server's own.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  event.waitUntil(show(event.data));
});

async function show(data) {
  let message;
  try {
    message = data.json();
  } catch {
    return;
  }
  const url = new URL(String(message.url), self.location.origin);
  if (url.origin !== self.location.origin) return;
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  // Whoever looks at the session has seen it.
  if (pages.some((page) => page.focused && new URL(page.url).pathname === url.pathname)) return;
  await self.registration.showNotification(String(message.title), {
    body: String(message.body),
    tag: String(message.tag),
    renotify: true,
    icon: "/icon-192.png",
    data: { url: url.pathname },
  });
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data.url));
});

async function open(url) {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((one) => new URL(one.url).pathname === url) ?? pages[0];
  if (page === undefined) return self.clients.openWindow(url);
  await page.focus();
  return new URL(page.url).pathname === url ? page : page.navigate(url);
}
