# An order service: ruby service.rb PORT SCENARIO; GET /order/N answers the order N as JSON.

require "bigdecimal"
require "bigdecimal/util"
require "json"
require "logger"
require "socket"

SCENARIO = ARGV[1] || "healthy"
TAX = { "DE" => 1.19.to_d, "FR" => 1.2.to_d, "PL" => 1.23.to_d }.freeze
CATALOGUE = (0...1200).to_h do |n|
  [format("SKU-%04d", n), { "name" => "Part #{n}", "price" => format("%d.%02d", 5 + n * 37 % 200, n % 100) }]
end
LOG = Logger.new("orders.log")

def look_up(number)
  lines = (0...(200 + number % 5)).map do |k|
    sku = format("SKU-%04d", (number * 31 + k * 97) % 1200)
    { "sku" => sku, "quantity" => 1 + (number + k) % 4 }.merge(CATALOGUE[sku])
  end
  { "number" => number, "country" => %w[DE FR PL][number % 3], "note" => "ring twice, order #{number}", "lines" => lines }
end

def net_price(line)
  (line["price"].to_d * line["quantity"]).round(2)
end

def price(order)
  net = order["lines"].sum(0.to_d) { |line| net_price(line) }
  order["total"] = (net * TAX[order["country"]]).round(2).to_s("F")
end

def join_equal_lines(order)
  return join_each_with_each(order) if SCENARIO == "quadratic"

  order["lines"] = order["lines"].group_by { |line| line["sku"] }.map do |_, same|
    same.first.merge("quantity" => same.sum { |line| line["quantity"] })
  end
end

# THE FAULT of `quadratic`: every line of the order's history is compared with every other.
def join_each_with_each(order)
  history = order["lines"] * 2
  pairs = 0
  i = 0
  while i < history.size
    j = 0
    while j < history.size
      pairs += 1 if i != j && history[i]["sku"] == history[j]["sku"]
      j += 1
    end
    i += 1
  end
  order["repeated"] = pairs
end

def clean(value)
  case value
  when Hash then value.transform_values { |one| clean(one) }
  when Array then value.map { |one| clean(one) }
  when String then value.match?(/[[:cntrl:]]/) ? value.gsub(/[[:cntrl:]]/, "") : value
  else value
  end
end

def serialise(order)
  JSON.generate(clean(order))
end

def log_order(order, size)
  LOG.info(format("order %d: %s, %d bytes", order["number"], order["total"], size))
end

def answer(number)
  order = look_up(number)
  join_equal_lines(order)
  price(order)
  body = serialise(order)
  log_order(order, body.bytesize)
  body
end

def read_request(client)
  line = client.gets or return
  headers = {}
  while (header = client.gets) && header != "\r\n"
    name, value = header.split(": ", 2)
    headers[name.downcase] = value.strip
  end
  line[%r{/order/(\d+)}, 1].to_i
end

def serve(client)
  number = read_request(client) or return
  body = answer(number)
  client.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: #{body.bytesize}\r\n\r\n#{body}")
end

# One thread waits for all connections: what it does meanwhile is not hidden behind threads that wait.
server = TCPServer.new("127.0.0.1", Integer(ARGV[0]))
clients = [server]
loop do
  ready, = IO.select(clients)
  ready.each do |socket|
    if socket == server
      clients << server.accept.tap { |client| client.setsockopt(:TCP, :NODELAY, true) }
    elsif !serve(socket)
      clients.delete(socket).close
    end
  end
end
