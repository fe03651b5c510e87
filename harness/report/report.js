
'use strict';
// Sorts, filters and switches what stands in the page. It reads positions and text, and writes no markup.

const NUMBER = /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/i;
const WORDS = new Intl.Collator('en', { numeric: true });
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

/** What a cell is sorted by: its number or its text, null for none. */
function keyOf(cell, numeric) {
  const text = cell.textContent.trim();
  if (!numeric) return text === '' ? null : text;
  const found = NUMBER.exec(text);
  return found ? Number(found[0]) : null;
}

/** Orders two keys; whatever the direction, what is missing comes last. */
function compare(one, other, direction) {
  if (one === null || other === null) return (one === null) - (other === null);
  return direction * (typeof one === 'number' ? one - other : WORDS.compare(one, other));
}

function sortTable(table, column, direction) {
  const headings = all('thead th', table);
  const numeric = !headings[column].classList.contains('text');
  const rows = [...table.tBodies[0].rows].map((row) => ({ row, key: keyOf(row.cells[column], numeric) }));
  rows.sort((one, other) => compare(one.key, other.key, direction));
  table.tBodies[0].append(...rows.map((one) => one.row));
  for (const heading of headings) heading.removeAttribute('aria-sort');
  headings[column].setAttribute('aria-sort', direction > 0 ? 'ascending' : 'descending');
}

/** Puts a button into every heading of a table. */
function makeSortable(table) {
  all('thead th', table).forEach((heading, column) => {
    if (heading.textContent.trim() === '') return;
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...heading.childNodes);
    button.addEventListener('click', () => {
      sortTable(table, column, heading.getAttribute('aria-sort') === 'ascending' ? -1 : 1);
    });
    heading.append(button);
  });
}

/** Whether a row holds the text in its names, and is of every kind that was chosen. */
function matches(row, text, chosen) {
  const names = all('.text', row).map((cell) => cell.textContent).join(' ').toLowerCase();
  return names.includes(text) && chosen.every((one) => one.value === '' || row.dataset[one.name] === one.value);
}

function filter(form) {
  const rows = [...document.getElementById(form.dataset.table).querySelector('tbody').rows];
  const text = form.elements.text.value.trim().toLowerCase();
  for (const row of rows) row.hidden = !matches(row, text, all('select', form));
  const left = rows.filter((row) => !row.hidden).length;
  form.querySelector('output').textContent = `${left} of ${rows.length} ${form.dataset.noun}`;
}

function makeFilter(form) {
  form.addEventListener('input', () => filter(form));
  form.addEventListener('submit', (event) => event.preventDefault());
  // The fields are empty only after the event.
  form.addEventListener('reset', () => setTimeout(() => filter(form)));
  form.hidden = false;
  filter(form);
}

/** Shows one region and hides the others. */
function choose(id) {
  for (const view of all('.view')) view.classList.toggle('chosen', view.id === id);
  document.getElementById('chooser').value = id;
}

function makeChooser(select) {
  select.form.hidden = false;
  select.form.addEventListener('submit', (event) => event.preventDefault());
  select.addEventListener('change', () => choose(select.value));
  const follow = () => {
    const view = document.getElementById(location.hash.slice(1));
    if (!view?.classList.contains('view')) return;
    choose(view.id);
    view.closest('section').scrollIntoView();
    view.focus({ preventScroll: true });
  };
  // The same link may be followed again after another region was chosen.
  document.addEventListener('click', (event) => {
    if (event.target.closest?.('a')?.hash === location.hash) follow();
  });
  addEventListener('hashchange', follow);
  follow();
}

/** Boxes that scroll sideways say so, and only they can be reached with the keyboard. */
function watchWidth(box) {
  const update = () => {
    const scrolls = box.scrollWidth > box.clientWidth + 1;
    box.classList.toggle('scrolls', scrolls);
    if (scrolls) box.tabIndex = 0;
    else box.removeAttribute('tabindex');
  };
  new ResizeObserver(update).observe(box);
  update();
}

/** On paper everything is open. */
function openForPrint() {
  const opened = [];
  addEventListener('beforeprint', () => {
    for (const one of all('details:not([open])')) {
      one.open = true;
      opened.push(one);
    }
  });
  addEventListener('afterprint', () => {
    for (const one of opened.splice(0)) one.open = false;
  });
}

document.documentElement.classList.add('scripted');
all('.sorts table').forEach(makeSortable);
all('form.filters').forEach(makeFilter);
all('#chooser').forEach(makeChooser);
all('.wide, .plot').forEach(watchWidth);
openForPrint();
