// The page's head: the case, what must be known of the session, and Copy as Python.
export default wb.view("Workbench", (ui) => {
  const {h} = wb;
  const title = h("h2", {}), notes = h("ul", {class: "wb-header-notes"});
  const questions = h("div", {class: "wb-header-questions", role: "alert"});
  const text = h("textarea", {readOnly: true, rows: 12, spellcheck: false, "aria-label": "Python that does the same again", class: "wb-header-python", hidden: true});
  const show = h("button", {type: "button", "aria-expanded": "false", onclick: async () => {
    const code = await ui.ask("python").catch(() => undefined);
    if (code === undefined) return;
    text.value = code; text.hidden = false; show.setAttribute("aria-expanded", "true");
    text.focus(); text.select();
    try { await navigator.clipboard.writeText(code); ui.say("Copied. Paste it into a new cell and run it."); }
    catch { ui.say("Selected below: copy it with Ctrl C, paste it into a new cell and run it."); }
  }}, "Copy as Python");
  ui.add(h("div", {class: "wb-row"}, title, show), questions, notes, text);
  ui.draw((s) => {
    title.textContent = s.case ? `Workbench: case ${s.case}${s.examiner ? `, ${s.examiner}` : ""}` : "Workbench";
    const asked = JSON.stringify(s.questions || []);
    if (questions.dataset.asked !== asked) {
      questions.dataset.asked = asked;
      questions.replaceChildren(...(s.questions || []).map((q) => h("p", {}, h("strong", {}, q.words), " ",
        q.answers.map((answer) => h("button", {type: "button", onclick: () => ui.ask("answer", {about: q.about, answer}).catch(() => undefined)}, answer)))));
    }
    notes.replaceChildren(...(s.notes || []).map((n) => h("li", {}, n)));
  });
});
