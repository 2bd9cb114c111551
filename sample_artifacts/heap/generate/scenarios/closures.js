// Stock service: a reservation can be undone until the order is paid.
'use strict';
const { readJson, answer } = require('../json.js');

const stock = new Map(Array.from({ length: 40 }, (_, i) => [`sku-${i}`, 1e6]));
const undoLog = [];

function reserve(sku, reservation) {
  stock.set(sku, stock.get(sku) - reservation.quantity);
  // THE FAULT: the undo step is kept after the order is paid, and with it all it closes over.
  undoLog.push(function undoReservation() {
    stock.set(sku, stock.get(sku) + reservation.quantity);
  });
}

function handle(request, response) {
  const sku = request.url.split('/')[2];
  readJson(request, (body) => {
    const reservation = { order: body.order, quantity: body.quantity, lines: [{ sku }] };
    reserve(sku, reservation);
    answer(response, { reserved: sku });
  });
}

module.exports = { handle };
