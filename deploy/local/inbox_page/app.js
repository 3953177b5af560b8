// The demo inbox: keeps every message in memory, asks for what changed, draws the list and one phone.

const ZONE = "Asia/Ho_Chi_Minh";
const clock = new Intl.DateTimeFormat("vi-VN", { timeZone: ZONE, hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("vi-VN", { timeZone: ZONE, weekday: "long", day: "numeric", month: "numeric" });
const number = new Intl.NumberFormat("vi-VN");
const MOST_PEOPLE_SHOWN = 200;
const STATE_WORDS = { accepted: "đang chuyển", delivered: "đã tới máy", failed: "không tới máy" };
const REPLY_WORDS = { accepted: "đang gửi", delivered: "đã gửi", failed: "chưa gửi được" };

const CALENDAR_SIGN = '<svg viewBox="0 0 16 16" aria-hidden="true"><rect x="1" y="3" width="14" height="12" rx="2"/><path d="M1 7h14M5 1v3m6-3v3"/></svg>';
const FILE_SIGN = '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3 1h7l3 3v11H3zM10 1v3h3"/></svg>';

const byId = (id) => document.getElementById(id);
const messages = new Map();
let names = {};
let revision = 0;
let chosen = decodeURIComponent(location.hash.slice(1));
let filter = "all";
let drawn = new Set();
const seen = new Map(); // person → the newest message id that was shown
let isFirstLoad = true;

const isPhone = (person) => person.startsWith("+");
const shownNumber = (person) => ("0" + person.slice(3)).replace(/^(\d{4})(\d{3})(\d{3})$/, "$1 $2 $3");
const folded = (text) =>
  text.normalize("NFD").replace(/\p{Mn}/gu, "").replace(/đ/g, "d").replace(/Đ/g, "D").toLowerCase();

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function hue(person) {
  let sum = 0;
  for (const letter of person) sum = (sum * 31 + letter.codePointAt(0)) % 360;
  return sum;
}

function initials(person, name) {
  if (name) return name.trim().split(/\s+/).slice(-2).map((word) => word[0]).join("").toUpperCase();
  return isPhone(person) ? person.slice(-2) : person[0].toUpperCase();
}

function paintAvatar(avatar, person, name) {
  avatar.textContent = initials(person, name);
  avatar.style.setProperty("--hue", hue(person));
}

// --- people -------------------------------------------------------------------------------------

function people() {
  const found = new Map();
  for (const message of messages.values()) {
    let one = found.get(message.person);
    if (!one) found.set(message.person, (one = { person: message.person, name: names[message.person] || "", all: [], failed: false }));
    one.all.push(message);
    one.last = message;
    if (message.name && !one.name) one.name = message.name;
    if (message.state === "failed" && message.kind === "sms") one.failed = true;
  }
  return [...found.values()].sort((a, b) => b.last.id - a.last.id);
}

function matches(one, wanted) {
  if (filter === "failed" && !one.failed) return false;
  if (filter === "sms" && !isPhone(one.person)) return false;
  if (filter === "email" && isPhone(one.person)) return false;
  if (!wanted) return true;
  const digits = wanted.replace(/\s/g, "").replace(/^0/, "");
  if (/^\d+$/.test(digits) && one.person.includes(digits)) return true;
  return [one.person, one.name, ...one.all.map((message) => (message.subject || "") + " " + message.text)]
    .some((text) => folded(text).includes(folded(wanted)));
}

function drawPeople() {
  const list = byId("people");
  const found = people().filter((one) => matches(one, byId("search").value.trim()));
  const rows = found.slice(0, MOST_PEOPLE_SHOWN).map(personRow);
  if (!found.length) {
    const words = messages.size ? "Không có ai khớp." : "Chưa có tin nào. Khi có người được mời họp hay được giao việc, tin sẽ hiện ở đây.";
    rows.push(element("li", "none", words));
  } else if (found.length > MOST_PEOPLE_SHOWN) {
    rows.push(element("li", "none", `và ${number.format(found.length - MOST_PEOPLE_SHOWN)} người nữa: hãy tìm theo số máy hoặc tên`));
  }
  list.replaceChildren(...rows);
}

function personRow(one) {
  const row = element("li");
  const button = element("button", one.failed ? "unreached" : "");
  button.setAttribute("aria-current", String(one.person === chosen));
  const avatar = element("span", "avatar");
  paintAvatar(avatar, one.person, one.name);
  const last = one.last;
  const words = last.kind === "email" ? "✉ " + last.subject : (last.kind === "reply" ? "Bạn: " : "") + last.text;
  const unseen = one.all.filter((message) => message.id > (seen.get(one.person) || 0) && message.kind !== "reply").length;
  button.append(
    avatar,
    element("strong", "", one.name || (isPhone(one.person) ? shownNumber(one.person) : one.person)),
    element("time", "", clock.format(new Date(last.at))),
    element("span", "last", words),
    unseen ? element("span", "new", unseen) : element("span"),
  );
  button.onclick = () => choose(one.person);
  row.append(button);
  return row;
}

// --- the phone ----------------------------------------------------------------------------------

function choose(person) {
  chosen = person;
  history.replaceState(null, "", "#" + encodeURIComponent(person));
  byId("desk").classList.add("reading");
  drawn = new Set();
  draw();
  byId("screen").scrollTop = byId("screen").scrollHeight;
}

function drawPhone() {
  const all = [...messages.values()].filter((message) => message.person === chosen);
  byId("reply").hidden = !all.length || !isPhone(chosen);
  if (!all.length) return;
  const name = names[chosen] || all.map((message) => message.name).filter(Boolean).pop() || "";
  const address = isPhone(chosen) ? shownNumber(chosen) : chosen;
  paintAvatar(byId("contact-avatar"), chosen, name);
  byId("contact-name").textContent = name || address;
  byId("contact-detail").textContent = name ? `${address} · ${costOf(all)}` : costOf(all);
  seen.set(chosen, all[all.length - 1].id);
  offerAnswers(all);

  const screen = byId("screen");
  const isAtEnd = screen.scrollHeight - screen.scrollTop - screen.clientHeight < 80;
  const parts = [];
  let lastDay = "";
  for (const message of all) {
    const itsDay = day.format(new Date(message.at));
    if (itsDay !== lastDay) parts.push(element("p", "day", (lastDay = itsDay)));
    parts.push(message.kind === "email" ? letter(message) : bubble(message));
  }
  drawn = new Set(all.map((message) => message.id));
  screen.replaceChildren(...parts);
  if (isAtEnd) screen.scrollTop = screen.scrollHeight;
}

// An invitation to someone who has several asks for its code: “Tra loi 1 BL: du”. The quick answers bring it along.
function answerCode(all) {
  const asking = all.filter((message) => message.kind === "sms").map((message) => folded(message.text)).reverse();
  for (const text of asking) {
    const found = text.match(/\b1(?: ([a-z0-9]{2}))?(?::| =) du\b/);
    if (found) return found[1] ? " " + found[1].toUpperCase() : "";
  }
  return "";
}

function offerAnswers(all) {
  const code = answerCode(all);
  for (const button of document.querySelectorAll(".quick button")) {
    button.dataset.text = button.dataset.answer + code;
    button.querySelector("b").textContent = button.dataset.text;
  }
}

function costOf(all) {
  const texts = all.filter((message) => message.kind === "sms");
  if (!texts.length) return `${all.length} thư`;
  const dong = texts.reduce((sum, message) => sum + message.price_dong, 0);
  return `${texts.length} tin · ${number.format(dong)} đ`;
}

function frame(message, className) {
  const isFresh = drawn.size && !drawn.has(message.id);
  return element("div", `message ${className} ${isFresh ? "fresh" : ""}`);
}

function bubble(message) {
  const fromPhone = message.kind === "reply";
  const box = frame(message, fromPhone ? "from-phone" : "");
  if (!fromPhone && message.sender) box.append(element("span", "sender", message.sender));
  box.append(element("div", "bubble", message.text));
  const facts = element("span", "facts");
  const words = fromPhone ? REPLY_WORDS : STATE_WORDS;
  const when = clock.format(new Date(message.settled_at || message.at));
  if (!fromPhone) {
    const accents = message.encoding === "UCS-2" ? " · có dấu" : "";
    facts.append(`${message.parts} phần · ${number.format(message.price_dong)} đ${accents} · `);
  }
  facts.append(element("span", message.state, `${words[message.state]} ${when}`));
  if (message.request_id_count > 1) facts.append(` · gửi lặp ${message.request_id_count} lần, nhận 1`);
  box.append(facts);
  return box;
}

function letter(message) {
  const box = frame(message, "");
  const card = element("button", "letter");
  const from = element("span", "from");
  from.innerHTML = '<svg viewBox="0 0 20 16" aria-hidden="true"><rect x="1" y="1" width="18" height="14" rx="3"/><path d="m2 3 8 6 8-6"/></svg>';
  from.append(message.sender.replace(/\s*<.*>$/, "").replace(/^"|"$/g, ""));
  card.append(from, element("span", "subject", message.subject || "(không có tiêu đề)"), element("span", "extract", message.text.trim()));
  card.onclick = () => openMail(message);
  box.append(card);
  if (message.attachments.length) box.append(files(message));
  box.append(element("span", "facts", clock.format(new Date(message.at))));
  return box;
}

function files(message) {
  const row = element("div", "files");
  message.attachments.forEach((file, position) => {
    const isCalendar = file.content_type === "text/calendar";
    const link = element("a");
    link.innerHTML = isCalendar ? CALENDAR_SIGN : FILE_SIGN;
    link.append(file.name);
    link.href = `/api/attachments/${message.id}-${position}`;
    link.download = file.name;
    row.append(link);
  });
  return row;
}

function openMail(message) {
  byId("mail-subject").textContent = message.subject;
  byId("mail-detail").textContent = `${message.sender} → ${message.name ? message.name + " · " : ""}${message.person}`;
  byId("mail-frame").src = `/api/mails/${message.id}`;
  byId("mail-attachments").replaceChildren(...(message.attachments.length ? [files(message)] : []));
  byId("mail").showModal();
}

// --- figures and the flow of data -----------------------------------------------------------------

function drawFigures() {
  let texts = 0, parts = 0, dong = 0, mails = 0, failed = 0;
  for (const message of messages.values()) {
    if (message.kind === "sms") {
      texts += 1;
      parts += message.parts;
      dong += message.price_dong;
      failed += message.state === "failed";
    } else if (message.kind === "email") mails += 1;
  }
  const figures = [["Tin nhắn", texts], ["Phần tin", parts], ["Tiền tin (đ)", dong], ["E-mail", mails]];
  if (failed) figures.push(["Không tới", failed, "bad"]);
  byId("figures").replaceChildren(...figures.map(([name, value, className]) => {
    const box = element("div", className || "");
    box.append(element("dt", "", name), element("dd", "", number.format(value)));
    return box;
  }));
}

function draw() {
  drawFigures();
  drawPhone();
  drawPeople();
}

let isLoading = false;
let isStale = false;

async function load() {
  if (isLoading) {
    isStale = true;
    return;
  }
  isLoading = true;
  try {
    do {
      isStale = false;
      const answer = await (await fetch(`/api/messages?since=${revision}`)).json();
      if (answer.revision < revision) return startAnew();
      revision = answer.revision;
      if (answer.names !== Object.keys(names).length) names = await (await fetch("/api/people")).json();
      for (const message of answer.messages) messages.set(message.id, message);
    } while (isStale);
  } finally {
    isLoading = false;
  }
  if (isFirstLoad) showFirst();
  draw();
}

function showFirst() {
  isFirstLoad = false;
  for (const message of messages.values()) seen.set(message.person, message.id);
  const isWide = matchMedia("(min-width: 761px)").matches;
  if (!chosen && isWide) chosen = people().find((one) => isPhone(one.person))?.person || people()[0]?.person || "";
  if (chosen) byId("desk").classList.add("reading");
  queueMicrotask(() => { byId("screen").scrollTop = byId("screen").scrollHeight; });
}

function startAnew() {
  messages.clear();
  seen.clear();
  revision = 0;
  chosen = "";
  byId("screen").replaceChildren();
  byId("contact-name").textContent = "Chọn một người";
  byId("contact-detail").textContent = "";
  byId("desk").classList.remove("reading");
  isStale = true;
  setTimeout(load);
}

async function reply(text) {
  await fetch("/api/reply", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ phone: "0" + chosen.slice(3), text }),
  });
  byId("screen").scrollTop = byId("screen").scrollHeight;
}

async function showQuietHours() {
  const info = await (await fetch("/api/info")).json();
  byId("quiet").textContent = info.quiet_hours
    ? `Giờ yên lặng: ${info.quiet_hours}. Tin thường chờ tới hết giờ này.`
    : "Bản chạy thử tắt giờ yên lặng, nên tin đi ngay cả ban đêm. Khi dùng thật, tin thường chờ tới 7 giờ sáng.";
}

byId("search").oninput = drawPeople;
byId("back").onclick = () => {
  byId("desk").classList.remove("reading");
  history.replaceState(null, "", "#");
};
byId("filters").onclick = (event) => {
  if (!event.target.dataset.filter) return;
  filter = event.target.dataset.filter;
  for (const button of byId("filters").children) {
    button.setAttribute("aria-pressed", String(button.dataset.filter === filter));
  }
  drawPeople();
};
byId("reply").onsubmit = (event) => {
  event.preventDefault();
  const text = byId("reply-text").value.trim();
  byId("reply-text").value = "";
  if (text) reply(text);
};
for (const button of document.querySelectorAll(".quick button")) button.onclick = () => reply(button.dataset.text);
byId("mail-close").onclick = () => byId("mail").close();
byId("mail").onclick = (event) => { if (event.target === byId("mail")) byId("mail").close(); };

const tick = () => { byId("clock").textContent = clock.format(new Date()); };
tick();
setInterval(tick, 10_000);
showQuietHours();
new EventSource("/api/stream").onmessage = load;
