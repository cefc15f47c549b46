'use strict';
/* Tables of a statement: sorted by any column, filtered by words, with count, sum and share; copied with all their digits. */
const exact = cell => {
  const data = cell.querySelector('data');
  return data ? data.value : cell.textContent;
};
const order = (a, b) => {
  const x = Number(a), y = Number(b);
  if (a !== '' && b !== '' && !Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  if (!Number.isNaN(x) !== !Number.isNaN(y)) return Number.isNaN(x) ? -1 : 1;
  return a.localeCompare(b);
};
const sortable = table => {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  heads.forEach((head, column) => {
    const button = document.createElement('button'), figures = !head.classList.contains('l');
    button.type = 'button';
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener('click', () => {
      const was = head.getAttribute('aria-sort'), down = was ? was === 'ascending' : figures;
      heads.forEach(other => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const rest = [...body.rows].filter(row => row.classList.contains('rest'));
      const rows = [...body.rows].filter(row => !rest.includes(row)).map(row => [exact(row.cells[column]), row]);
      rows.sort((a, b) => down ? order(b[0], a[0]) : order(a[0], b[0]));
      body.append(...rows.map(pair => pair[1]), ...rest);
    });
  });
};
/* Decimals of nine places, added as integers. */
const nano = text => BigInt(text.replace('.', ''));
const shown = sum => (Number(sum) / 1e9).toLocaleString('en', {minimumFractionDigits: 2, maximumFractionDigits: sum < 10000000000n ? 4 : 2});
const tally = (table, output) => {
  const column = [...table.tHead.rows[0].cells].findIndex(head => head.dataset.sum !== undefined);
  const rows = [...table.tBodies[0].rows], kept = rows.filter(row => !row.hidden);
  if (column < 0 || kept.length === rows.length) {
    output.textContent = '';
    return;
  }
  const sum = list => list.map(row => exact(row.cells[column])).filter(text => /^-?\d+\.\d{9}$/.test(text)).reduce((all, text) => all + nano(text), 0n);
  const whole = sum(rows), part = sum(kept);
  const share = whole > 0n ? ' \u00b7 ' + (Number(part) / Number(whole) * 100).toFixed(1) + ' %' : '';
  output.value = `${kept.length} of ${rows.length} \u00b7 ${shown(part)}${share}`;
};
const filter = (table, name, output) => {
  const input = document.createElement('input');
  input.type = 'search';
  input.placeholder = 'Filter rows';
  input.setAttribute('aria-label', 'Filter rows of ' + name);
  input.addEventListener('input', () => {
    const words = input.value.toLowerCase().split(/\s+/);
    for (const row of table.tBodies[0].rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every(word => text.includes(word));
    }
    tally(table, output);
  });
  return input;
};
const asText = table => [...table.rows].filter(row => !row.hidden)
  .map(row => [...row.cells].map(cell => exact(cell).replace(/\s+/g, ' ').trim()).join('\t')).join('\n');
const copied = async text => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
};
const copier = (table, name) => {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', 'Copy ' + name + ' with all digits');
  button.addEventListener('click', async () => {
    await copied(asText(table));
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  });
  return button;
};
for (const table of document.querySelectorAll('table[id]')) {
  const tools = document.createElement('div'), name = table.getAttribute('aria-label'), output = document.createElement('output');
  tools.className = 'tools';
  if (table.dataset.sort !== undefined) sortable(table);
  if (table.tBodies[0].rows.length > 10) tools.append(filter(table, name, output));
  tools.append(output, copier(table, name));
  table.parentNode.before(tools);
}
/* What a mark stands for, also for the keyboard: arrows walk the marks of a picture, Escape leaves. */
const tip = document.createElement('p');
tip.className = 'tip';
tip.setAttribute('role', 'status');
tip.hidden = true;
document.body.append(tip);
for (const picture of document.querySelectorAll('svg[tabindex]')) {
  const marks = [...picture.querySelectorAll('title')].map(title => title.parentNode);
  let at = -1;
  picture.addEventListener('keydown', event => {
    const step = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1}[event.key];
    if (event.key === 'Escape') tip.hidden = true;
    if (!step || marks.length === 0) return;
    event.preventDefault();
    at = (at + step + marks.length) % marks.length;
    tip.textContent = marks[at].querySelector('title').textContent;
    tip.hidden = false;
    marks.forEach(mark => mark.classList.toggle('at', mark === marks[at]));
  });
  picture.addEventListener('blur', () => {
    tip.hidden = true;
    marks.forEach(mark => mark.classList.remove('at'));
  });
}
