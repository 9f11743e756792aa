// Words that are being written: kept in the session while they are typed, so that a dead kernel does not lose them.
function wbDrafts(ui) {
  const waiting = new Map();
  const keep = (name, words) => ui.ask("text", {name, words}, {quiet: true}).catch(() => undefined);
  return {
    // `name` says under which word the field's text is kept now: a comment's draft belongs to what it is about.
    field(name, el) {
      el.addEventListener("input", () => {
        const key = name(), words = el.value;
        clearTimeout(waiting.get(key));
        waiting.set(key, setTimeout(() => { waiting.delete(key); keep(key, words); }, 300));
      });
      return el;
    },
    // What was sent is no draft any more: what waits to be kept of it is dropped.
    sent(...names) { for (const name of names) { clearTimeout(waiting.get(name)); waiting.delete(name); } },
    // The draft of another thing in the same field; what was typed for the one before is kept at once.
    turn(el, before, after, texts) {
      if (waiting.has(before)) { clearTimeout(waiting.get(before)); waiting.delete(before); keep(before, el.value); }
      el.value = texts[after] || "";
    },
  };
}
// Draw lists anew without taking the keyboard away from whoever is in them: the control of the same name has it again.
function wbSteady(root, work) {
  const at = root.contains(document.activeElement) ? document.activeElement : null;
  const name = at && at.getAttribute("aria-label"), typed = at && at.matches("input[type=text]") ? [at.value, at.selectionStart, at.selectionEnd] : null;
  work();
  if (!name || at.isConnected) return;
  const again = [...root.querySelectorAll("[aria-label]")].find((el) => el.getAttribute("aria-label") === name);
  if (!again) return;
  if (typed) { again.value = typed[0]; again.setSelectionRange(typed[1], typed[2]); }
  const beside = [again, again.nextElementSibling, again.previousElementSibling].find((el) => el && !el.disabled);
  if (beside) beside.focus();
}
