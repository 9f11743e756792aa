// What all views share: elements without innerHTML, questions to the kernel, errors beside their control, a live
// status, themes, times. Joined in front of each view's own file (a widget may be one module only).
//
//   export default wb.view("Counter", (ui) => {          // called once for each place where the view is shown
//     const n = ui.add(wb.h("output"));
//     ui.draw((shown) => { n.textContent = shown.n; });  // at once, and whenever the kernel's truth changed
//     ui.on("frame", (what, buffers) => { … });          // messages of the kernel; buffers are DataViews
//     ui.add(wb.h("button", {onclick: () => ui.ask("add", {by: 1})}, "Add"));
//   });

const wb = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const SECOND = 1_000_000;

  function fill(el, attrs, children) {
    for (const [name, value] of Object.entries(attrs || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
      else if (name === "class") el.setAttribute("class", value);
      else if (name in el && !el.namespaceURI.endsWith("svg") && !name.startsWith("aria") && name !== "list") el[name] = value;
      else el.setAttribute(name, value === true ? "" : String(value));
    }
    for (const child of children.flat(Infinity)) {
      if (child === null || child === undefined || child === false) continue;
      el.append(child instanceof Node ? child : document.createTextNode(String(child)));
    }
    return el;
  }
  // An HTML element: attributes, `on…` listeners, children (texts are texts, never markup).
  const h = (tag, attrs, ...children) => fill(document.createElement(tag), attrs, children);
  const svg = (tag, attrs, ...children) => fill(document.createElementNS(SVG, tag), attrs, children);
  let count = 0;
  const own = Math.random().toString(36).slice(2, 8);  // the kit is there once for each kind of view: ids must differ
  const unique = (word) => `wb-${own}-${word}-${++count}`;

  // A labelled control: label(text, input) → element; errors of the field appear beside it.
  function field(words, input, name) {
    input.id = input.id || unique("field");
    return h("div", {class: "wb-field", "data-field": name || input.name || ""},
      h("label", {htmlFor: input.id}, words), input, h("span", {class: "wb-wrong", role: "alert"}));
  }

  // --- times: whole microseconds, safe as numbers up to 2^53 ---
  const formats = new Map();
  function formatter(zone) {
    if (!formats.has(zone)) {
      const how = {year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
        second: "2-digit", hourCycle: "h23", timeZone: zone};
      let made;
      try { made = new Intl.DateTimeFormat("en-CA", how); }
      catch { made = new Intl.DateTimeFormat("en-CA", {...how, timeZone: "UTC"}); made.fallback = true; }
      formats.set(zone, made);
    }
    return formats.get(zone);
  }
  // {date, clock, micro, zone}: an instant in a zone; the zone that was really used is named.
  function parts(us, zone) {
    const f = formatter(zone), ms = Math.floor(us / 1000);
    const p = Object.fromEntries(f.formatToParts(new Date(ms)).map((one) => [one.type, one.value]));
    const micro = String(((us % SECOND) + SECOND) % SECOND).padStart(6, "0");
    return {date: `${p.year}-${p.month}-${p.day}`, clock: `${p.hour}:${p.minute}:${p.second}`, micro,
      zone: f.fallback ? "UTC" : zone};
  }
  // "+02:00" where the zone's clocks show this reading twice and only the offset says which is meant, else "".
  function twice(us, zone) {
    const reading = (t) => { const p = parts(t, zone); return `${p.date}T${p.clock}Z`; };
    const offset = (t) => Date.parse(reading(t)) * 1000 - Math.floor(t / SECOND) * SECOND;
    const mine = offset(us), others = [us - 3 * 3600 * SECOND, us + 3 * 3600 * SECOND].map(offset).filter((one) => one !== mine);
    if (!others.some((one) => reading(us + mine - one) === reading(us))) return "";
    const minutes = Math.round(Math.abs(mine) / SECOND / 60), two = (n) => String(n).padStart(2, "0");
    return `${mine < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  }
  // A time as people read it: dated with its zone, undated as +seconds. digits: 0, 3 or 6. With 6, timetext.parse
  // reads it back to the microsecond.
  function time(us, {dated = true, zone = "UTC", digits = 3, bare = false} = {}) {
    if (us === null || us === undefined) return "–";
    if (!dated) {
      const sign = us < 0 ? "-" : "+", a = Math.abs(us);
      return `${sign}${Math.floor(a / SECOND)}.${String(a % SECOND).padStart(6, "0").slice(0, digits || 1)} s`;
    }
    const p = parts(us, zone);
    return `${bare ? "" : `${p.date} `}${p.clock}${digits ? `.${p.micro.slice(0, digits)}` : ""}${bare ? "" : `${twice(us, p.zone)} ${p.zone}`}`;
  }
  // The same for a field in which somebody types: the zone stands beside it, unless the browser lacks it and it is UTC.
  function typed(us, {dated = true, zone = "UTC"} = {}) {
    if (us === null || us === undefined) return "";
    const words = time(us, {dated, zone, digits: 6});
    return dated ? words.replace(` ${zone}`, "") : words.slice(0, -2);
  }
  function span(us) {
    const s = us / SECOND;
    if (s < 60) return `${+s.toFixed(3)} s`;
    const d = Math.floor(s / 86400), hh = Math.floor(s / 3600) % 24, m = Math.floor(s / 60) % 60;
    return [d && `${d} d`, hh && `${hh} h`, m && `${m} min`, s % 60 >= 0.001 && `${+(s % 60).toFixed(3)} s`].filter(Boolean).join(" ");
  }

  // Keys that stay in a view: those without a modifier, and those with one that views and text fields use themselves.
  const EDITS = ["a", "c", "v", "x", "enter", "backspace", "delete", "home", "end"];
  function ours(event) {
    if (!event.key || !(event.ctrlKey || event.metaKey || event.altKey) || event.getModifierState("AltGraph")) return true;
    if (event.altKey) return false;
    const key = event.key.toLowerCase();
    return key === "z" || key === "y" || key.startsWith("arrow") || (event.target.matches("input, textarea") && EDITS.includes(key));
  }

  // What no memory keeps: asking for it leaves "saved" true.
  const READS = ["acquire", "cancel", "check", "exact", "fetch", "frame", "list", "masked", "masked_pixels", "picture", "pixels",
    "plan", "preview", "python", "stop", "stretches", "thumb", "thumbs", "ticks", "verify", "wish", "zip"];
  const LATE = "No answer yet: this takes long, or the kernel is busy or ended. What was saved stays saved.";
  // What the kernel has not acknowledged yet, of all views of the page: each view is a module of its own.
  const pending = window.wbUnsaved ||= new Set();

  function view(label, make) {
    return {render({model, el, signal}) {
      const cleanups = [], drawers = [], listeners = new Map(), waiting = new Map();
      let next = 1, closed = false, pressed = false, owed = false, stood = "";
      const page = unique("view");
      const body = h("div", {class: "wb-body"});
      const status = h("p", {class: "wb-status", role: "status", "aria-live": "polite"});
      const alert = h("div", {class: "wb-alert", role: "alert", hidden: true});
      const saved = h("span", {class: "wb-saved"});
      const banner = h("p", {class: "wb-banner", role: "note", hidden: true});
      const root = h("section", {class: "wb", "aria-label": label, "data-view": label}, banner, body, alert, h("div", {class: "wb-foot"}, status, saved));
      // Lab's shortcuts of one key stay away; Ctrl+S and the like are for Lab, except those that mean something here.
      // Decided on the window, before Lab's own listener looks at the mark.
      const decide = (event) => { if (root.contains(event.target)) root.toggleAttribute("data-lm-suppress-shortcuts", ours(event)); };
      root.toggleAttribute("data-lm-suppress-shortcuts", true);
      window.addEventListener("keydown", decide, true);
      for (const kind of ["keydown", "keypress", "keyup"]) root.addEventListener(kind, (event) => { if (ours(event)) event.stopPropagation(); });
      for (const kind of ["paste", "copy", "cut", "contextmenu"]) root.addEventListener(kind, (event) => event.stopPropagation());

      // A control that is pressed stays until it is let go: a click is one only if both its ends are on one element. Lists
      // that the system opens (a select's, a context menu) take the pointer's end away, so they press nothing.
      const press = (event) => { pressed = !event.button && Boolean(event.target.closest("button, a, summary, label, input, textarea")); };
      const release = () => setTimeout(() => { pressed = false; if (owed) drawAll(); });
      const idle = (event) => { if (pressed && !event.buttons) release(); };  // let go where nobody told us
      root.addEventListener("pointerdown", press, true);
      const ends = [["pointerup", true], ["pointercancel", true], ["contextmenu", true], ["blur", false]];  // blur: of the window, not within
      window.addEventListener("pointermove", idle, true);
      for (const [kind, early] of ends) window.addEventListener(kind, release, early);

      const ui = {
        model, root, body,
        get shown() { return model.get("shown") || {}; },
        add(...nodes) { body.append(...nodes); return nodes[0]; },
        // Words for the eye and for screen readers.
        say(words) { if (status.textContent !== words) status.textContent = words; },
        // draw(shown): at once and after each change of the kernel's truth.
        draw(drawer) { drawers.push(drawer); },
        on(event, listener) { listeners.set(event, [...(listeners.get(event) || []), listener]); },
        cleanup(work) { cleanups.push(work); },
        redraw() { drawAll(); },
        // Whether a control is pressed, so that none may be replaced; all is drawn anew when it is let go.
        held() { owed = owed || pressed; return pressed; },
        // Ask the kernel; resolves with its value, rejects with {what, advice, field}, which is shown already. A view that is
        // closed asks nothing.
        ask(verb, args = {}, {quiet = false, buffers} = {}) {
          if (closed) return new Promise(() => undefined);
          const id = `${page}.${next++}`;
          if (!READS.includes(verb)) ui.unsaved(id, true);
          return new Promise((good, bad) => {
            const asked = {good, bad, quiet, tardy: false}, tell = () => { asked.tardy = true; sayLate(); };
            asked.late = setTimeout(tell, 5000);
            waiting.set(id, asked);
            model.send({do: verb, id, with: args}, undefined, buffers);
          });
        },
        // Whether something of this view is not with the kernel yet; no view of the page shows “saved” meanwhile.
        unsaved(what, is) {
          const key = `${page} ${what}`, before = pending.size;
          if (is) pending.add(key); else pending.delete(key);
          if (pending.size !== before) window.dispatchEvent(new Event("wb-unsaved"));
        },
        fail(error) { show(error); },
        clear() { alert.hidden = true; alert.replaceChildren(); root.querySelectorAll("[data-field] .wb-wrong").forEach((one) => { one.textContent = ""; }); },
      };
      // Words about a late answer stand behind what was said before, and go when none is late any more.
      const saysLate = () => status.textContent.endsWith(LATE);
      function sayLate() {
        if (saysLate()) return;
        stood = status.textContent;
        ui.say(`${stood} ${LATE}`.trim());
      }
      const sayOnTime = () => { if (saysLate() && ![...waiting.values()].some((one) => one.tardy)) ui.say(stood); };
      function show(error) {
        ui.clear();
        const words = [error.what, error.advice].filter(Boolean).join(" ");
        const last = String(error.field || "").split(".").pop();
        const place = [...root.querySelectorAll("[data-field]")].find((one) => one.dataset.field && (one.dataset.field === error.field || one.dataset.field === last));
        const slot = place && place.querySelector(".wb-wrong");
        if (slot) slot.textContent = words;
        alert.replaceChildren(h("strong", {}, error.what), error.advice ? h("span", {}, ` ${error.advice}`) : "",
          h("button", {type: "button", class: "wb-quiet", "aria-label": "Dismiss", onclick: () => ui.clear()}, "×"));
        alert.hidden = false;
      }
      function tellSaved() {
        const shown = ui.shown, open = pending.size > 0;
        root.dataset.saved = !shown.kept ? "none" : open && shown.saved ? "open" : String(Boolean(shown.saved));
        saved.textContent = !shown.kept ? "no case: not kept" : !shown.saved ? "NOT SAVED" : open ? "saving …" : "saved";
      }
      function drawAll() {
        if (closed || ui.held()) return;
        owed = false;
        const shown = ui.shown;
        for (const drawer of drawers) {
          try { drawer(shown); }
          catch (error) { console.error(error); show({what: `${label} cannot be drawn: ${error.message}`, advice: "This is a fault of the workbench."}); }
        }
        banner.textContent = shown.banner || ""; banner.hidden = !shown.banner;
        tellSaved();
        root.dataset.ready = "1";
      }
      function received(message, buffers) {
        if (message && message.re !== undefined) {
          const asked = waiting.get(message.re);
          if (!asked) return;
          waiting.delete(message.re); clearTimeout(asked.late); ui.unsaved(message.re, false);
          if (asked.tardy) sayOnTime();
          if (message.error) { if (!asked.quiet) show(message.error); asked.bad(message.error); }
          else { asked.good(message.superseded ? undefined : message.value); }
          return;
        }
        if (message && message.event === "error") show(message.error);
        for (const listener of listeners.get(message && message.event) || []) listener(message, buffers || []);
      }
      // A rejected question is shown already; it is no fault of the page.
      const silent = (event) => { if (event.reason && event.reason.what !== undefined && "advice" in event.reason) event.preventDefault(); };
      window.addEventListener("unhandledrejection", silent);
      model.on("msg:custom", received);
      model.on("change:shown", drawAll);
      window.addEventListener("wb-unsaved", tellSaved);
      // What is saved of the page with the notebook is hidden while the page is alive.
      const hide = h("style", {}), still = `.wb-still-${String(ui.shown.mark).replace(/[^0-9a-f]/g, "")}`;
      hide.textContent = `${still}, .jp-OutputArea-child:has(> * ${still}) { display: none !important; }`;
      if (ui.shown.mark) document.head.append(hide);
      cleanups.push(() => hide.remove());
      el.append(root);
      const extra = make(ui);
      // Canvases do not follow CSS variables by themselves.
      const themes = new MutationObserver(drawAll);
      themes.observe(document.body, {attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"]});
      const dark = window.matchMedia("(prefers-color-scheme: dark)");
      dark.addEventListener("change", drawAll);
      drawAll();
      function close() {
        if (closed) return;
        for (const work of cleanups) work();  // these may still tell the kernel
        if (typeof extra === "function") extra();
        closed = true;
        model.off("msg:custom", received); model.off("change:shown", drawAll);
        window.removeEventListener("unhandledrejection", silent); window.removeEventListener("keydown", decide, true);
        for (const [kind, early] of ends) window.removeEventListener(kind, release, early);
        window.removeEventListener("pointermove", idle, true);
        dark.removeEventListener("change", drawAll); themes.disconnect();
        for (const asked of waiting.values()) clearTimeout(asked.late);
        window.removeEventListener("wb-unsaved", tellSaved);
        for (const key of [...pending]) if (key.startsWith(`${page} `)) pending.delete(key);
        window.dispatchEvent(new Event("wb-unsaved"));
        root.remove();
      }
      if (signal) signal.addEventListener("abort", close, {once: true});
      return close;
    }};
  }

  // An object URL for the JPEG (or PNG) in a buffer; the former one of the element is let go.
  function picture(img, buffer, type = "image/jpeg") {
    const old = img.dataset.blob;
    const url = URL.createObjectURL(new Blob([buffer], {type}));
    img.dataset.blob = url; img.src = url;
    return img.decode().catch(() => undefined).then(() => { if (old) URL.revokeObjectURL(old); });
  }
  // The value of a CSS variable of the view, for canvases.
  const color = (root, name) => getComputedStyle(root).getPropertyValue(name).trim();
  // Draw anew without taking the keyboard away: the control of the same name (`data-key`, else `aria-label`) has it again.
  // Where there is none any more, `lost` says who has it: keys shall not fall to the page.
  function steady(root, work, lost) {
    const name = (el) => el.dataset.key || el.getAttribute("aria-label");
    const at = root.contains(document.activeElement) ? document.activeElement : null, caret = at && [at.selectionStart, at.selectionEnd];
    work();
    if (!at || root.contains(document.activeElement)) return;
    const same = (el) => name(el) && name(el) === name(at) && !el.disabled;
    const again = at.isConnected ? at : [...root.querySelectorAll("[data-key], [aria-label]")].find(same);
    (again || lost).focus({preventScroll: true});
    if (again && again.matches("input[type=number]")) again.select();  // as Tab leaves it: what is typed replaces the number
    else if (again && again.matches("input[type=text]")) again.setSelectionRange(...caret);
  }
  // Call `work` at most once an animation frame.
  function throttle(work) {
    let asked = 0, last;
    return (...args) => { last = args; if (!asked) asked = requestAnimationFrame(() => { asked = 0; work(...last); }); };
  }
  // Call `work` when nothing came for `ms`.
  function pause(work, ms) {
    let timer = 0;
    return (...args) => { clearTimeout(timer); timer = setTimeout(() => work(...args), ms); };
  }
  return {h, svg, view, field, time, typed, parts, span, picture, color, steady, throttle, pause, unique, SECOND};
})();
