import type { Page } from "playwright-core";

/** What a session page shows, for tests. */
export interface ShownRow {
  readonly kind: string;
  readonly row: string;
  readonly text: string;
}

/** The rows on the page, in order. Those far out of view are not on the page. */
export async function shownRows(page: Page): Promise<ShownRow[]> {
  return page.locator("article[data-kind]").evaluateAll((articles) =>
    articles
      .map((article) => ({
        kind: article.getAttribute("data-kind") ?? "",
        row: article.getAttribute("data-row") ?? "",
        text: article.textContent ?? "",
        top: article.getBoundingClientRect().top,
      }))
      .sort((a, b) => a.top - b.top)
      .map(({ kind, row, text }) => ({ kind, row, text })),
  );
}

/** How often a text is in the rows of the transcript. */
export async function timesShown(page: Page, text: string): Promise<number> {
  const rows = await shownRows(page);
  return rows.reduce((sum, row) => sum + row.text.split(text).length - 1, 0);
}

export async function openSession(page: Page, url: string, id: string): Promise<void> {
  await page.goto(`${url}/s/${id}`);
  await page.getByRole("textbox", { name: "Prompt" }).waitFor();
}

export async function sendPrompt(page: Page, text: string): Promise<void> {
  const box = page.getByRole("textbox", { name: "Prompt" });
  await box.fill(text);
  await box.press("Enter");
}

/** Waits until the session's status says so. */
export async function untilStatus(page: Page, word: string): Promise<void> {
  await page.getByRole("banner").getByText(word, { exact: false }).first().waitFor();
}

export async function untilLive(page: Page): Promise<void> {
  await page.locator('[data-connection="live"]').first().waitFor();
}

/** Scroll position and extent of the transcript. */
export async function scrollState(page: Page): Promise<{ top: number; fromEnd: number; height: number }> {
  return page.getByRole("region", { name: "Transcript" }).evaluate((element) => ({
    top: element.scrollTop,
    fromEnd: element.scrollHeight - element.scrollTop - element.clientHeight,
    height: element.scrollHeight,
  }));
}

/** Unfolds everything that is on the page. */
export async function unfoldAll(page: Page): Promise<void> {
  await page.locator('article button[aria-expanded="false"]').evaluateAll((buttons) => {
    for (const button of buttons) if (button instanceof HTMLElement) button.click();
  });
  await nextFrame(page);
}

export async function nextFrame(page: Page): Promise<void> {
  await page.evaluate(
    async () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
}
