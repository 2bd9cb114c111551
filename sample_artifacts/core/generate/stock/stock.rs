//! Counts what is in stock. Its argument names what goes wrong, each marked THE FAULT.

struct Shelf {
    sku: u32,
    pieces: Vec<u32>,
}

#[inline(never)]
fn piece_at(shelf: &Shelf, position: usize) -> u32 {
    shelf.pieces[position] // THE FAULT: rust_panic
}

#[inline(never)]
fn count_shelf(shelf: &Shelf) -> u32 {
    let mut sum = 0;
    for position in 0..=shelf.pieces.len() {
        sum += piece_at(shelf, position);
    }
    sum + shelf.sku % 2
}

#[inline(never)]
fn pieces_of(shelf: *const Shelf) -> usize {
    unsafe { (*shelf).pieces.len() } // THE FAULT: rust_null
}

#[inline(never)]
fn count_missing(shelf: Option<&Shelf>) -> usize {
    let found = shelf.map_or(std::ptr::null(), |one| one as *const Shelf);
    pieces_of(found) + 1
}

fn main() {
    let scenario = std::env::args().nth(1).unwrap_or_default();
    let shelf = Shelf { sku: 1001, pieces: vec![3, 1, 4] };
    match scenario.as_str() {
        "rust_panic" => std::process::exit(count_shelf(&shelf) as i32),
        "rust_null" => std::process::exit(count_missing(None) as i32),
        _ => {}
    }
}
