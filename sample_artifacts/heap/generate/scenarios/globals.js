// Search service, without 'use strict': a forgotten declaration makes a global variable.
const { answer } = require('../json.js');

class SearchRecord {
  constructor(query, page) {
    this.query = query;
    this.page = page;
    this.filters = { inStock: true };
  }
}

function startRecording() {
  // THE FAULT: no `const`, so the array becomes a property of the global object and stays.
  recentSearches = [];
}

startRecording();

function handle(request, response) {
  const url = new URL(request.url, 'http://localhost');
  recentSearches.push(new SearchRecord(url.searchParams.get('q'), url.searchParams.get('page')));
  answer(response, { hits: [] });
}

module.exports = { handle };
