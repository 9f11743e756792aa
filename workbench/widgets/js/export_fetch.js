// A finished file brought to the browser: piece by piece (the kernel compares it with its hash first), then played or saved.
function wbFetch(ui, cards) {
  const {h} = wb;
  const urls = [], pieces = new Map();
  ui.cleanup(() => urls.forEach((url) => URL.revokeObjectURL(url)));
  const types = {mp4: "video/mp4", jpg: "image/jpeg", pdf: "application/pdf", json: "application/json", vtt: "text/vtt"};
  const suffix = (name) => name.split(".").pop().toLowerCase();
  ui.on("piece", (what, buffers) => { const held = pieces.get(`${what.job}/${what.file}`); if (held) held.push(buffers[0]); });

  async function whole(job, file) {
    const key = `${job.id}/${file.name}`, got = [];
    let at = 0, size = file.size;
    pieces.set(key, got);
    try {
      do {
        const before = got.length;
        size = await ui.ask("fetch", {job: job.id, file: file.name, at});
        if (got.length === before) throw {what: `${file.name} stopped coming at byte ${at}`, advice: "Try again."};
        at += got[got.length - 1].byteLength;
        if (at < size) ui.say(`Fetching ${file.name}: ${Math.round(at / size * 100)} %`);
      } while (at < size);
    } finally { pieces.delete(key); }
    return new Blob(got, {type: types[suffix(file.name)] || "application/octet-stream"});
  }
  function player(url, file, place) {
    const video = h("video", {src: url, controls: true, muted: true, playsInline: true, "aria-label": `Player of ${file.name}`});
    video.addEventListener("error", () => place.replaceChildren(h("p", {class: "wb-export-unplayed", role: "status"},
      `This browser cannot decode ${file.name} (H.265, for one, few can): the file is whole. Download it, or choose another video quality than 0 and 3 with a camera whose coding it knows.`)));
    place.replaceChildren(video);
    video.play().catch(() => undefined);  // forbidden to begin by itself: its controls are there
  }
  return async function fetched(job, file, show) {
    ui.clear();
    ui.say(`Fetching ${file.name} …`);
    let blob;
    try { blob = await whole(job, file); }
    catch (error) { if (error && error.what && !error.field) ui.fail(error); ui.say(`${file.name} was not fetched.`); return; }
    const url = URL.createObjectURL(blob), place = cards.get(job.id).player;
    urls.push(url);
    if (!show) h("a", {href: url, download: file.name}).click();
    else if (suffix(file.name) === "mp4") player(url, file, place);
    else place.replaceChildren(suffix(file.name) === "jpg" ? h("img", {src: url, alt: file.name}) : h("object", {data: url, type: "application/pdf", "aria-label": file.name}, h("a", {href: url, download: file.name}, "This browser shows no PDF here: download it.")));
    const words = `${file.name}: ${blob.size.toLocaleString("en")} bytes, SHA-256 as recorded.`;
    if (show) place.append(h("p", {class: "wb-export-why"}, words));
    ui.say(words);
  };
}
