//! Dialogs: forms, questions, sharing, help and the honesty page. One is open at a time.

mod about;
mod confirm;
mod consumer_form;
mod delete_records_form;
mod field;
mod grow_form;
mod help;
mod modal;
mod producer_form;
mod reset_form;
mod send_form;
mod share_dialog;
mod submit;
mod topic_form;

use crate::context::Ctx;
use crate::state::Dialog;
use yew::prelude::*;

pub use confirm::opened;
pub use share_dialog::ask_over;
pub use submit::refusal_box;

#[component]
pub fn Dialogs() -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    match ctx.state.ui.dialog.clone() {
        None => html! {},
        Some(Dialog::NewTopic) => html! { <topic_form::TopicForm /> },
        Some(Dialog::GrowTopic(topic)) => html! { <grow_form::GrowForm {topic} /> },
        Some(Dialog::NewProducer) => {
            html! { <producer_form::ProducerForm name={None::<String>} /> }
        }
        Some(Dialog::EditProducer(name)) => {
            html! { <producer_form::ProducerForm name={Some(name)} /> }
        }
        Some(Dialog::NewConsumer { group }) => {
            html! { <consumer_form::ConsumerForm name={None::<String>} {group} /> }
        }
        Some(Dialog::EditConsumer(name)) => {
            html! { <consumer_form::ConsumerForm name={Some(name)} group={None::<String>} /> }
        }
        Some(Dialog::Send { producer }) => html! { <send_form::SendForm {producer} /> },
        Some(Dialog::ResetOffsets { group }) => html! { <reset_form::ResetForm {group} /> },
        Some(Dialog::DeleteRecords { topic, partition }) => {
            html! { <delete_records_form::DeleteRecordsForm {topic} {partition} /> }
        }
        Some(Dialog::Confirm(question)) => html! { <confirm::ConfirmDialog {question} /> },
        Some(Dialog::Share) => html! { <share_dialog::ShareDialog /> },
        Some(Dialog::Help) => html! { <help::Help /> },
        Some(Dialog::About) => html! { <about::About /> },
    }
}

/// Lines of `key=value` as pairs; lines without `=` have an empty value.
fn pairs(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            (key.trim().to_owned(), value.trim().to_owned())
        })
        .collect()
}

/// The first of `stem-1`, `stem-2` … that is not taken.
fn free_name(stem: &str, taken: &[&str]) -> String {
    let mut names = (1..).map(|n| format!("{stem}-{n}"));
    names
        .find(|name| !taken.contains(&name.as_str()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_pairs() {
        let expected = [("a", "1"), ("b", ""), ("c", "x=y")];
        let found = pairs(" a = 1 \n\nb\nc=x=y");
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn names_that_are_free() {
        assert_eq!(
            free_name("consumer", &["consumer-1", "consumer-3"]),
            "consumer-2"
        );
    }
}
