// The keyboard, as in every tree: arrows, Home, End, Enter; "/" searches, Escape clears.

const KEYS = {
  ArrowDown: () => goTo(current + 1),
  ArrowUp: () => goTo(current - 1),
  PageDown: () => goTo(current + Math.floor(tree.clientHeight / rowHeight)),
  PageUp: () => goTo(current - Math.floor(tree.clientHeight / rowHeight)),
  Home: () => goTo(0),
  End: () => goTo(shownCount - 1),
  ArrowRight: () => {
    const row = shown[current];
    if (hasRows(row) && !open[row]) setOpen(row, true);
    else if (hasRows(row)) goTo(current + 1);
  },
  ArrowLeft: () => {
    const row = shown[current];
    if (hasRows(row) && open[row]) setOpen(row, false);
    else if (parents[row] >= 0) goTo(placeOf(parents[row]));
  },
  Enter: () => {
    const row = shown[current];
    if (hasRows(row)) setOpen(row, !open[row]);
    tell(row);
  },
};
KEYS[" "] = KEYS.Enter;

tree.addEventListener("keydown", (event) => {
  const act = KEYS[event.key];
  if (!act || !shownCount || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
});

search.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "Enter") return;
  event.preventDefault();
  tree.focus({ preventScroll: true });
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && document.activeElement !== search) {
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key === "Escape") {
    const wasSearching = document.activeElement === search;
    clearFilters();
    if (wasSearching) tree.focus({ preventScroll: true });
  }
});
