// On paper there is no folding: the rows that count are listed, up to a number that can be read.

const MAX_PRINTED = 1500;

addEventListener("beforeprint", () => {
  const list = document.getElementById("printed");
  const items = [];
  let left = 0;
  for (let row = 0; row < rowCount; row++) {
    if (!countsBelow(row)) { row = ends[row] - 1; continue; }
    if (items.length >= MAX_PRINTED) { left = countsOf("*", row, rowCount); break; }
    const letter = letterOf(row);
    const item = element("li", {}, letter === "." ? "" : kindMark(letter), element("code", {}, names.get(row)), " ",
      element("span", { className: "words" }, wordsOf(row)));
    item.style.setProperty("--level", Math.min(depths[row], MAX_INDENT));
    items.push(item);
  }
  if (left) items.push(element("li", { className: "more" }, `${counted(left, "more changed entry is", "more changed entries are")} not shown on paper`));
  list.replaceChildren(...items);
});
addEventListener("afterprint", () => document.getElementById("printed").replaceChildren());
