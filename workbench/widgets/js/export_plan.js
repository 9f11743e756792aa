// The plan in words and bars: what is copied, what is coded anew and why, what this archive does exactly or not.
const wbPlan = (() => {
  const {h} = wb;
  const modes = {copy: "copied", encode: "coded anew", vms: "as the VMS does it"};
  const times = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
  function facts(plan) {
    if (plan.vms) return ["The VMS makes it: what it copies and what it codes anew nobody can tell before the file is here and measured", plan.audio].filter(Boolean).join("; ");
    return [`${plan.copy} pictures copied`, `${plan.encode} coded anew`, plan.extra ? `${plan.extra} more than asked (whole groups)` : "", plan.audio].filter(Boolean).join(", ");
  }
  function bar(plan, how) {
    const whole = Math.max(1, plan.end - plan.begin);
    const words = plan.vms ? `${times(plan.segments.length, "stretch").replace("stretchs", "stretches")} recorded, by the VMS's word` : `${plan.copy} pictures copied, ${plan.encode} coded anew`;
    const box = h("div", {class: "wb-export-bar", role: "img", "aria-label": words});
    for (const part of plan.segments) {
      const el = h("span", {class: `wb-export-part wb-export-${part.mode}`, title: part.mode === "vms" ? part.words : `${modes[part.mode]}: ${part.frames} pictures from ${wb.time(part.begin, how)}: ${part.words}`});
      el.style.left = `${Math.max(0, (part.begin - plan.begin) / whole * 100)}%`;
      el.style.width = `${Math.min(100, Math.max(0.4, (part.end - part.begin) / whole * 100))}%`;
      box.append(el);
    }
    return box;
  }
  function parts(plan, how) {
    const rows = plan.segments.slice(0, 200).map((p) => h("tr", {}, h("td", {}, modes[p.mode]), h("td", {}, wb.time(p.begin, how)), h("td", {}, p.mode === "vms" ? wb.span(p.end - p.begin) : p.frames), h("td", {}, p.words)));
    const heads = ["How", "From", plan.vms ? "For" : "Pictures", plan.vms ? "By whose word" : "Why"];
    return h("details", {}, h("summary", {}, times(plan.segments.length, "part")), h("table", {}, h("thead", {}, h("tr", {}, heads.map((w) => h("th", {scope: "col"}, w)))), h("tbody", {}, rows)));
  }
  function fields(plan) {
    const words = {exact: "exactly", approximated: "approximately", refused: "NOT"};
    const table = plan.fields.length ? h("table", {class: "wb-export-fields"}, h("caption", {}, "What is made of the request"), h("tbody", {}, plan.fields.map((f) => h("tr", {"data-how": f.how}, h("th", {scope: "row"}, f.field), h("td", {}, words[f.how]), h("td", {}, f.note))))) : "";
    return [h("details", {class: "wb-export-exact"}, h("summary", {}, `${times(plan.exact.length, "field")} of the request done exactly${plan.fields.length ? "; with words on these:" : ""}`), h("p", {}, plan.exact.join(", "))), table];
  }
  function gaps(plan, how) {
    if (!plan.gaps.length) return "";
    const first = plan.gaps.slice(0, 4).map(([a, b, w]) => `${wb.time(a, how)} for ${wb.span(b - a)} (${w})`).join("; ");
    return h("p", {}, `Nothing is recorded in ${plan.gaps.length} stretch${plan.gaps.length === 1 ? "" : "es"} of the range: ${first}.`);
  }
  function show(name, plan, how) {
    if (!plan) return h("div", {class: "wb-export-plan"}, h("strong", {}, name), " not planned yet");
    if (plan.error) return h("div", {class: "wb-export-plan wb-export-refused"}, h("strong", {}, name), " ", plan.error.what, " ", plan.error.advice);
    return h("div", {class: `wb-export-plan${plan.refused ? " wb-export-refused" : ""}`, "data-vms": plan.vms ? "1" : null}, h("strong", {}, name), ` ${facts(plan)}.`, bar(plan, how),
      fields(plan), gaps(plan, how), plan.warnings.length ? h("ul", {}, plan.warnings.map((w) => h("li", {}, w))) : "", parts(plan, how));
  }
  return {show};
})();
