"use strict";
// Number fields with sliders, and the domains of parameters as the library writes them: "> 0 and < 1", "> a", "any"

const COMPARISONS = { ">": (a, b) => a > b, ">=": (a, b) => a >= b, "<": (a, b) => a < b, "<=": (a, b) => a <= b };

// [[comparison, bound], ...], the bound a number or the name of another parameter; a field holds no infinite number
const conditionsOf = (domain) =>
  domain.split(" and ").filter((c) => !/^(any|finite)$|inf$/.test(c)).map((c) => c.split(" "));

// What is wrong with a number that is to lie in a domain, in words; "" if nothing is
function wrongWith(name, value, domain, others) {
  if (!Number.isFinite(value)) return `${name} must be a number`;
  const holds = ([comparison, bound]) => COMPARISONS[comparison](value, others[bound] ?? Number(bound));
  return conditionsOf(domain).every(holds) ? "" : `${name} must be ${domain}, got ${value}`;
}

// The ends of the slider of a parameter: those of its domain, where it has any
function sliderOf({ domain, usual }) {
  let low = conditionsOf(domain).length ? 0 : -10, high = Math.max(2, 4 * usual);
  for (const [comparison, text] of conditionsOf(domain)) {
    const bound = Number(text), inwards = comparison.length === 1 ? 0.01 : 0;
    if (Number.isNaN(bound)) continue; // another parameter
    if (comparison[0] === ">") low = bound + inwards;
    else high = bound - inwards;
  }
  return [low, high];
}

// A number field and a slider for one number; changed(true) is called when a change is over.
class NumberControl {
  constructor(holder, name, [low, high], start, note, changed) {
    const row = document.createElement("div"), id = `explorer-${name}`;
    row.className = "explorer-number";
    row.innerHTML = `<label for="${id}"></label><input type="number" step="any" id="${id}">`
      + '<span class="explorer-note"></span><input type="range" step="any">';
    const [label, field, noted, slider] = row.children;
    Object.assign(this, { field, slider, changed });
    label.textContent = name;
    noted.textContent = note;
    slider.setAttribute("aria-label", name);
    Object.assign(slider, { min: low, max: high, value: start });
    field.value = start;
    for (const [event, isOver] of [["input", false], ["change", true]]) {
      field.addEventListener(event, () => { slider.value = field.value; changed(isOver); });
      slider.addEventListener(event, () => this.move(slider.valueAsNumber, isOver));
    }
    holder.append(row);
  }

  get value() { return this.field.valueAsNumber; }

  // As a slider or a finger moves it: to three digits behind the point
  move(value, isOver = false) {
    this.field.value = this.slider.value = Number(value.toFixed(3));
    this.changed(isOver);
  }

  mark(isWrong) { this.field.setAttribute("aria-invalid", isWrong); }
}
