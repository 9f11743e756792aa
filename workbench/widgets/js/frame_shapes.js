// Geometry of polygons for drawing: no DOM, no messages. The twin of core.mask.shape_at lives here.
const wbShapes = (() => {
  const clamp = (v) => Math.min(1, Math.max(0, v));
  // The corners of a moving mask at an instant, in the order of operations of core.mask.shape_at.
  function shapeAt(mask, us) {
    const keys = mask.keys || [];
    if (!keys.length) return mask.points;
    let after = 0;
    while (after < keys.length && keys[after].at <= us) after += 1;
    if (after === 0) return keys[0].points;
    const one = keys[after - 1];
    if (after === keys.length || us === one.at) return one.points;
    const share = (us - one.at) / (keys[after].at - one.at);
    return one.points.map(([x, y], n) => { const [u, v] = keys[after].points[n]; return [x + (u - x) * share, y + (v - y) * share]; });
  }
  const turn = (a, b, c) => Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
  const crosses = (a, b, c, d) => turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0;
  // Whether two edges of the polygon cross; of an open one, the edge back to the begin is left out.
  function selfCrossing(points, open = false) {
    const n = points.length, edges = open ? n - 1 : n;
    for (let i = 0; i < edges; i++) for (let j = i + 2; j < edges; j++) {
      if (!open && i === 0 && j === n - 1) continue;
      if (crosses(points[i], points[i + 1 < n ? i + 1 : 0], points[j], points[j + 1 < n ? j + 1 : 0])) return true;
    }
    return false;
  }
  const middle = ([ax, ay], [bx, by]) => [(ax + bx) / 2, (ay + by) / 2];
  return {shapeAt, selfCrossing, middle, clamp};
})();
