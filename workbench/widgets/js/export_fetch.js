// A finished file brought to the browser: piece by piece (the kernel compares it with its hash first), then played or saved.
function wbFetch(ui, cards) {
  const {h} = wb;
  const urls = new Map(), pieces = new Map();
  ui.cleanup(() => urls.forEach((url) => URL.revokeObjectURL(url)));
  // What a card shows is let go of with the next that it shows; what was saved, when the browser surely has it.
  function keep(card, url) {
    if (urls.has(card)) URL.revokeObjectURL(urls.get(card));
    urls.set(card, url);
  }
  function save(url, file) {
    h("a", {href: url, download: file.name}).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
  const types = {mp4: "video/mp4", jpg: "image/jpeg", pdf: "application/pdf", json: "application/json", vtt: "text/vtt"};
  const suffix = (name) => name.split(".").pop().toLowerCase();
  // Another place of the view may ask for the same file: only the piece that comes next is taken.
  ui.on("piece", (what, buffers) => {
    const held = pieces.get(`${what.job}/${what.file}`);
    if (held && what.at === held.at) { held.push(buffers[0]); held.at += buffers[0].byteLength; }
  });

  async function whole(job, file) {
    const key = `${job.id}/${file.name}`, got = Object.assign([], {at: 0});
    let size = file.size, before;
    pieces.set(key, got);
    try {
      do {
        before = got.at;
        size = await ui.ask("fetch", {job: job.id, file: file.name, at: before});
        if (got.at === before && before < size) throw {what: `${file.name} stopped coming at byte ${before}`, advice: "Try again."};
        if (got.at < size) ui.say(`Fetching ${file.name}: ${Math.round(got.at / size * 100)} %`);
      } while (got.at < size);
    } finally { pieces.delete(key); }
    return new Blob(got, {type: types[suffix(file.name)] || "application/octet-stream"});
  }
  function player(url, file, place) {
    const video = h("video", {src: url, controls: true, muted: true, playsInline: true, "aria-label": `Player of ${file.name}`});
    video.addEventListener("error", () => video.isConnected && place.replaceChildren(h("p", {class: "wb-export-unplayed", role: "status"},
      `This browser cannot decode ${file.name} (H.265, for one, few can): the file is whole. Download it, or choose another video quality than 0 and 3 with a camera whose coding it knows.`)));
    place.replaceChildren(video);
    video.play().catch(() => undefined);  // forbidden to begin by itself: its controls are there
  }
  return async function fetched(job, file, show) {
    if (pieces.has(`${job.id}/${file.name}`)) { ui.say(`${file.name} is on its way already.`); return; }
    ui.clear();
    ui.say(`Fetching ${file.name} …`);
    let blob;
    try { blob = await whole(job, file); }
    catch (error) { if (error && error.what && !error.field) ui.fail(error); ui.say(`${file.name} was not fetched.`); return; }
    const url = URL.createObjectURL(blob), place = cards.get(job.id).player;
    if (!show) save(url, file);
    else if (suffix(file.name) === "mp4") player(url, file, place);
    else place.replaceChildren(suffix(file.name) === "jpg" ? h("img", {src: url, alt: file.name}) : h("object", {data: url, type: "application/pdf", "aria-label": file.name}, h("a", {href: url, download: file.name}, "This browser shows no PDF here: download it.")));
    const words = `${file.name}: ${blob.size.toLocaleString("en")} bytes, SHA-256 as recorded.`;
    if (show) { keep(job.id, url); place.append(h("p", {class: "wb-export-why"}, words)); }
    ui.say(words);
  };
}
