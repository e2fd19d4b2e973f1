
// A host that is an address, as hexadecimal digits, so that they compare as
// texts do; "" of a name.
function digits(number, width) {
  var text = number.toString(16);
  while (text.length < width) text = "0" + text;
  return text;
}

function ipv4(host) {
  var parts = host.split("."), text = "";
  for (var i = 0; i < 4; i++) {
    if (!/^[0-9]{1,3}$/.test(parts[i]) || Number(parts[i]) > 255) return "";
    text += digits(Number(parts[i]), 2);
  }
  return parts.length === 4 ? text : "";
}

function groups(text) {
  var parts = text === "" ? [] : text.split(":"), found = [];
  for (var i = 0; i < parts.length; i++) {
    var four = i === parts.length - 1 ? ipv4(parts[i]) : "";
    if (four !== "") found.push(four.substr(0, 4), four.substr(4));
    else if (/^[0-9a-f]{1,4}$/.test(parts[i])) found.push(digits(parseInt(parts[i], 16), 4));
    else return null;
  }
  return found;
}

function ipv6(host) {
  var halves = host.split("%")[0].split("::");
  var head = groups(halves[0]), tail = halves.length === 2 ? groups(halves[1]) : [];
  if (halves.length > 2 || head === null || tail === null) return "";
  var missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return "";
  while (missing-- > 0) head.push("0000");
  var text = head.concat(tail).join("");
  // An address of IPv4, written in IPv6.
  return text.substr(0, 24) === "00000000000000000000ffff" ? text.substr(24) : text;
}

function address(host) {
  return host.indexOf(":") >= 0 ? ipv6(host) : ipv4(host);
}

function within(ranges, key) {
  for (var i = 0; i < ranges.length; i++)
    if (ranges[i][0].length === key.length && ranges[i][0] <= key && key <= ranges[i][1])
      return true;
  return false;
}

// Of all that speak of a name the longest decides.  1: itself, 2: what is under
// it; 4 and 8: not so.
function covers(names, host) {
  for (var at = host, itself = true; at !== ""; itself = false) {
    var marks = names["." + at] || 0;
    if (marks & (itself ? 4 : 8)) return false;
    if (marks & (itself ? 1 : 2)) return true;
    var dot = at.indexOf(".");
    at = dot < 0 ? "" : at.substr(dot + 1);
  }
  return false;
}

function named(lists, host) {
  for (var i = 0; i < lists.length; i++)
    if (covers(lists[i], host)) return true;
  return false;
}

function home(key) {
  for (var i = 0; i < policy.homes.length; i++)
    if (within(policy.homes[i][1], key)) return policy.homes[i][0];
  return policy.elsewhere;
}

function lives(side, key) {
  var zone = home(key);
  for (var i = 0; i < side.zones.length; i++)
    if (side.zones[i] === zone) return true;
  return within(side.addresses, key);
}

// Whether it is meant: 2 yes, 1 perhaps, 0 no.  Nobody is asked where a name
// lives, so that it may be anywhere.
function meant(side, host, key) {
  if (side.any || (key === "" ? named(side.names, host) : lives(side, key))) return 2;
  if (side.perhaps) return 1;
  return key === "" && side.zones.length + side.addresses.length > 0 ? 1 : 0;
}

function ported(ports, port) {
  for (var i = 0; i < ports.length; i++)
    if (ports[i][0] <= port && port <= ports[i][1]) return true;
  return ports.length === 0;
}

function fits(rule, host, key, port) {
  if (!ported(rule.ports, port)) return 0;
  var to = meant(rule.to, host, key);
  var not = rule.except ? meant(rule.except, host, key) : 0;
  if (to === 0 || not === 2) return 0;
  return to === 2 && not === 0 && !rule.perhaps ? 2 : 1;
}

function isLocal(host, key) {
  return host === "localhost" || /\.localhost$/.test(host) || within(policy.local, key);
}

function portOf(url) {
  var usual = { http: 80, ws: 80, https: 443, wss: 443, ftp: 21 };
  var parts = /^([a-z]+):\/\/(?:[^\/?#]*@)?(?:\[[^\]]*\]|[^\/?#:]*)(?::([0-9]+))?/i.exec(url);
  if (!parts) return 0;
  return parts[2] ? Number(parts[2]) : usual[parts[1].toLowerCase()] || 0;
}

function FindProxyForURL(url, host) {
  host = host.toLowerCase().replace(/^\[|\]$/g, "").replace(/\.$/, "");
  var key = address(host), port = portOf(url);
  if (isLocal(host, key)) return "DIRECT";
  // One that is perhaps meant does no harm if it says the same.
  for (var i = 0; i < policy.rules.length; i++) {
    var fit = fits(policy.rules[i], host, key, port);
    if (fit > 0 && !policy.rules[i].direct) return policy.proxy;
    if (fit === 2) return "DIRECT";
  }
  return policy.proxy;
}
