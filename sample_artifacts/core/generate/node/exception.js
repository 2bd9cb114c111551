// Prices an order; an error that nobody catches ends the process, five calls deep.
'use strict';

class Order {
  constructor(id) {
    this.id = id;
    this.sku = `SKU-${id}`;
    this.price = 1.5 * id;
  }

  total(quantity) {
    return discounted(this, quantity);
  }
}

function discounted(order, quantity) {
  if (quantity > 2) {
    throw new RangeError(`no discount for ${quantity} of ${order.sku}`); // THE FAULT
  }
  return order.price * quantity;
}

const checkout = (orders, customer) =>
  orders.map(function price(order) {
    return order.total(customer.quantity);
  });

function handleRequest(request) {
  const customer = { name: 'ada', quantity: request.quantity };
  return checkout([new Order(1), new Order(2)], customer);
}

setTimeout(function onTimer() {
  handleRequest({ quantity: 3 });
}, 20);
