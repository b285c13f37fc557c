//! Starts the page.

fn main() {
    konbini_web::panic_notice::install();
    konbini_web::app::mount();
}
