// Catalogue service, healthy: its caches fill once, with a finite catalogue, and stay.
'use strict';
const { answer } = require('../json.js');

class Product {
  constructor(id) {
    this.id = id;
    this.title = `Product ${id}`;
    this.prices = { EUR: 10 + id, JPY: 1500 + id };
  }
}

const products = new Map(); // at most as many as the catalogue has: 500
const pages = new Map(); // one rendered page a product and language: 1,500
const templates = new Map(); // one a language: 3

function templateFor(lang) {
  if (!templates.has(lang)) templates.set(lang, (product) => `[${lang}] ${product.title}`);
  return templates.get(lang);
}

function pageFor(id, lang) {
  const key = `${id}:${lang}`;
  if (!products.has(id)) products.set(id, new Product(id));
  if (!pages.has(key)) pages.set(key, templateFor(lang)(products.get(id)));
  return pages.get(key);
}

function handle(request, response) {
  const url = new URL(request.url, 'http://localhost');
  const id = Number(url.pathname.split('/')[2]);
  answer(response, { page: pageFor(id, url.searchParams.get('lang')) });
}

module.exports = { handle };
