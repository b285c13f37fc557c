//! The process's own memory.

/// Gives memory that is free back to the system. glibc keeps what lies below anything that is still in
/// use, and log bytes are freed in another order than they came.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn give_back() {
    // SAFETY: it takes no pointer, may be called at any time, and nothing that is in use moves.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other allocators do so by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}
