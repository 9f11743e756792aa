// The plan in words and bars: what is copied, what is coded anew and why, what this archive does exactly or not.
const wbPlan = (() => {
  const {h} = wb;
  function bar(plan, how) {
    const whole = Math.max(1, plan.end - plan.begin), box = h("div", {class: "wb-export-bar", role: "img",
      "aria-label": `${plan.copy} pictures copied, ${plan.encode} coded anew`});
    for (const part of plan.segments) {
      const el = h("span", {class: `wb-export-part wb-export-${part.mode}`, title: `${part.mode === "copy" ? "copied" : "coded anew"}: ${part.frames} pictures from ${wb.time(part.begin, how)}: ${part.words}`});
      el.style.left = `${Math.max(0, (part.begin - plan.begin) / whole * 100)}%`;
      el.style.width = `${Math.max(0.4, (part.end - part.begin) / whole * 100)}%`;
      box.append(el);
    }
    return box;
  }
  function show(name, plan, how) {
    if (!plan) return h("div", {class: "wb-export-plan"}, h("strong", {}, name), " not planned yet");
    if (plan.error) return h("div", {class: "wb-export-plan wb-export-refused"}, h("strong", {}, name), " ", plan.error.what, " ", plan.error.advice);
    const facts = [`${plan.copy} pictures copied`, `${plan.encode} coded anew`, plan.extra ? `${plan.extra} more than asked (whole groups)` : "", plan.audio].filter(Boolean).join(", ");
    const segments = h("details", {}, h("summary", {}, `${plan.segments.length} part${plan.segments.length === 1 ? "" : "s"}`), h("table", {},
      h("thead", {}, h("tr", {}, ["How", "From", "Pictures", "Why"].map((w) => h("th", {scope: "col"}, w)))),
      h("tbody", {}, plan.segments.slice(0, 200).map((p) => h("tr", {}, h("td", {}, p.mode === "copy" ? "copied" : "coded anew"), h("td", {}, wb.time(p.begin, how)), h("td", {}, p.frames), h("td", {}, p.words))))));
    const words = {exact: "exactly", approximated: "approximately", refused: "NOT"};
    const fields = plan.fields.length ? h("table", {class: "wb-export-fields"}, h("tbody", {}, plan.fields.map((f) => h("tr", {"data-how": f.how}, h("th", {scope: "row"}, f.field), h("td", {}, words[f.how]), h("td", {}, f.note))))) : "";
    return h("div", {class: `wb-export-plan${plan.refused ? " wb-export-refused" : ""}`}, h("strong", {}, name), ` ${facts}.`, bar(plan, how),
      h("p", {}, `${plan.exact} fields of the request are done exactly${plan.fields.length ? "; with words on these:" : "."}`), fields,
      plan.gaps.length ? h("p", {}, `Nothing is recorded in ${plan.gaps.length} stretch${plan.gaps.length === 1 ? "" : "es"} of the range: ${plan.gaps.slice(0, 4).map(([a, b, w]) => `${wb.time(a, how)} for ${wb.span(b - a)} (${w})`).join("; ")}.`) : "",
      plan.warnings.length ? h("ul", {}, plan.warnings.map((w) => h("li", {}, w))) : "", segments);
  }
  return {show};
})();
