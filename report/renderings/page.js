'use strict';
/* Tables of a statement: sorted by any column, filtered by words, copied with all their digits. */
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
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener('click', () => {
      const down = head.getAttribute('aria-sort') === 'ascending';
      heads.forEach(other => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const rows = [...body.rows].map(row => [exact(row.cells[column]), row]);
      rows.sort((a, b) => down ? order(b[0], a[0]) : order(a[0], b[0]));
      body.append(...rows.map(pair => pair[1]));
    });
  });
};
const filter = (table, name) => {
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
  const tools = document.createElement('div'), name = table.getAttribute('aria-label');
  tools.className = 'tools';
  if (table.dataset.sort !== undefined) sortable(table);
  if (table.tBodies[0].rows.length > 10) tools.append(filter(table, name));
  tools.append(copier(table, name));
  table.parentNode.before(tools);
}
