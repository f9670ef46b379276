/** The example site's files, below its home folder: a small site as a visitor sees it, and a cache that no backup needs. */
export const exampleContent: Readonly<Record<string, string>> = {
  "site/wwwroot/index.html": `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Lighthouse Café</title>
    <link rel="stylesheet" href="css/site.css">
  </head>
  <body>
    <header><img src="images/lighthouse.svg" alt="" width="48" height="48"><h1>Lighthouse Café</h1></header>
    <main>
      <p>Coffee, soup and a view of the harbour. Open every day from nine to six.</p>
      <p><a href="menu.html">Today's menu</a> · <a href="news/2026-11-winter-hours.html">Winter hours</a></p>
    </main>
  </body>
</html>
`,
  "site/wwwroot/menu.html": `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Menu - Lighthouse Café</title>
    <link rel="stylesheet" href="css/site.css">
  </head>
  <body>
    <h1>Menu</h1>
    <ul class="menu">
      <li>Fish soup <span>7.50</span></li>
      <li>Cheese and leek pie <span>6.80</span></li>
      <li>Apple cake <span>3.90</span></li>
    </ul>
    <p><a href="index.html">Back</a></p>
  </body>
</html>
`,
  "site/wwwroot/news/2026-11-winter-hours.html": `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Winter hours - Lighthouse Café</title>
    <link rel="stylesheet" href="../css/site.css">
  </head>
  <body>
    <h1>Winter hours</h1>
    <p>From December to February we close at four, when the light goes.</p>
    <p><a href="../index.html">Back</a></p>
  </body>
</html>
`,
  "site/wwwroot/css/site.css": `:root { --ink: #1d2b36; --foam: #f4f8fa; --lamp: #d9481c; }
body { margin: 2rem auto; max-width: 36rem; padding: 0 1rem; color: var(--ink); background: var(--foam); font: 1rem/1.6 Georgia, serif; }
header { display: flex; gap: 1rem; align-items: center; }
a { color: var(--lamp); }
.menu { list-style: none; padding: 0; }
.menu li { display: flex; justify-content: space-between; border-bottom: 1px dotted; }
`,
  "site/wwwroot/images/lighthouse.svg": `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48">
  <path fill="#d9481c" d="M19 16h10l4 28H15z"/>
  <path fill="#f4f8fa" d="M18 24h12l1 7H17z"/>
  <path fill="#1d2b36" d="M18 8h12v8H18zM16 6l8-5 8 5z"/>
</svg>
`,
  "site/wwwroot/cache/menu.json": `{ "made": "2026-11-21T08:55:02Z", "from": "menu.html", "items": 3 }
`,
  "site/wwwroot/_backup.filter": `# What a backup leaves out, one path a line, from the home folder on.
# The cache is made again by itself.
/site/wwwroot/cache
`,
};
