//! Waking tasks of this thread.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// A notice for one waiting task; it stays up until that task has seen it.
#[derive(Clone, Default)]
pub struct Signal(Rc<Inner>);

#[derive(Default)]
struct Inner {
    raised: Cell<bool>,
    waiting: RefCell<Option<Waker>>,
}

impl Signal {
    pub fn raise(&self) {
        self.0.raised.set(true);
        if let Some(waker) = self.0.waiting.borrow_mut().take() {
            waker.wake();
        }
    }

    /// Returns at once if the signal was raised since the last wait.
    pub async fn wait(&self) {
        poll_fn(|context| {
            if self.0.raised.replace(false) {
                return Poll::Ready(());
            }
            *self.0.waiting.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// Several tasks that each wait until something holds.
#[derive(Default)]
pub struct Condition(RefCell<Vec<Waker>>);

impl Condition {
    /// What the tasks wait for may hold now.
    pub fn changed(&self) {
        for waker in self.0.take() {
            waker.wake();
        }
    }

    pub async fn until(&self, holds: impl Fn() -> bool) {
        poll_fn(|context| {
            if holds() {
                return Poll::Ready(());
            }
            self.0.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
