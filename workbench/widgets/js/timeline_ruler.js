// Ticks of the timeline's ruler: whole units of the zone's own wall clock, each at its own offset from UTC, so that an
// hour is where that zone's clocks show it on both sides of a change to summer time. Times are microseconds.
const wbRuler = (() => {
  const DAY = 8.64e10, QUARTER = 9e8, PROBE = 2.16e10;
  const STEPS = [1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 1.5e7, 3e7, 6e7, 1.2e8, 3e8, 6e8, 9e8, 1.8e9,
    3.6e9, 7.2e9, 1.08e10, 2.16e10, 4.32e10];
  const PLAIN = [...STEPS, DAY, 2 * DAY, 5 * DAY, 10 * DAY, 30 * DAY, 100 * DAY, 365 * DAY];
  const DAYS = [1, 2, 7], MONTHS = [1, 3, 6, 12, 24, 60, 120, 600];
  const offsets = new Map();

  // Of a zone's wall clock from UTC; zones change at quarters of an hour.
  function offset(us, zone) {
    const quarter = Math.floor(us / QUARTER), key = `${zone} ${quarter}`;
    if (!offsets.has(key)) {
      if (offsets.size > 5000) offsets.clear();
      const p = wb.parts(quarter * QUARTER, zone), [y, m, d] = p.date.split("-").map(Number), [hh, mm, ss] = p.clock.split(":").map(Number);
      offsets.set(key, Date.UTC(y, m - 1, d, hh, mm, ss) * 1000 - quarter * QUARTER);
    }
    return offsets.get(key);
  }
  // The instant at which a zone's clocks show `wall` (as if that were UTC).
  const instant = (wall, zone) => wall - offset(wall - offset(wall, zone), zone);
  // Where the offset that holds at `begin` ends; `last` where it holds as far as that.
  function until(begin, last, zone) {
    const here = offset(begin, zone);
    for (let at = begin; at < last; at += PROBE) {
      const next = Math.min(at + PROBE, last);
      if (offset(next, zone) === here) continue;
      let low = Math.floor(at / QUARTER), high = Math.floor(next / QUARTER);
      while (high - low > 1) { const middle = Math.floor((low + high) / 2); if (offset(middle * QUARTER, zone) === here) low = middle; else high = middle; }
      return Math.min(high * QUARTER, last);
    }
    return last;
  }
  function clock(us, step, zone) {
    const p = wb.parts(us, zone);
    if (p.clock === "00:00:00" && step >= 1e6) return p.date;
    if (step >= 6e7) return p.clock.slice(0, 5);
    return step >= 1e6 ? p.clock : `${p.clock}.${p.micro.slice(0, 3)}`;
  }
  function hours([first, last], step, zone) {
    const out = [];
    for (let begin = first; begin < last;) {
      const shift = offset(begin, zone), end = until(begin, last, zone);
      for (let at = Math.ceil((begin + shift) / step) * step - shift; at < end; at += step) out.push({at, label: clock(at, step, zone)});
      begin = end;
    }
    return out;
  }
  const day = (wall) => new Date(wall / 1000).toISOString().slice(0, 10);
  // Weeks begin on a Monday: 1970-01-05 was one.
  function days([first, last], count, zone) {
    const step = count * DAY, shift = count === 7 ? 4 * DAY : 0, out = [];
    for (let wall = Math.floor((first - shift) / step) * step + shift; wall < last + DAY; wall += step)
      out.push({at: instant(wall, zone), label: day(wall)});
    return out;
  }
  function months([first, last], count, zone) {
    const begin = new Date(first / 1000), out = [];
    const from = Math.floor((begin.getUTCFullYear() * 12 + begin.getUTCMonth()) / count) * count;
    for (let month = from; month < from + 1000 * count; month += count) {
      const wall = Date.UTC(Math.floor(month / 12), month % 12, 1) * 1000, at = instant(wall, zone);
      if (at >= last) break;
      out.push({at, label: count >= 12 ? day(wall).slice(0, 4) : day(wall).slice(0, 7)});
    }
    return out;
  }
  // [{at, label}] of a view [begin, end] on so many pixels.
  function ticks(view, width, dated, zone) {
    const want = (view[1] - view[0]) / Math.max(1, width / 110), fits = (one) => one >= want;
    let found;
    if (!dated) {
      const step = PLAIN.find(fits) || PLAIN[PLAIN.length - 1];
      found = [];
      for (let at = Math.ceil(view[0] / step) * step; at < view[1]; at += step) found.push({at, label: wb.time(at, {dated: false, digits: step < 1e6 ? 3 : 0})});
    } else if (STEPS.some(fits)) found = hours(view, STEPS.find(fits), zone);
    else if (DAYS.some((n) => fits(n * DAY))) found = days(view, DAYS.find((n) => fits(n * DAY)), zone);
    else found = months(view, MONTHS.find((n) => fits(n * 30 * DAY)) || MONTHS[MONTHS.length - 1], zone);
    return found.filter((one) => one.at >= view[0] && one.at < view[1]);
  }
  return {ticks};
})();
