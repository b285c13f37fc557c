//! Labelled fields of a form whose value is one struct.

use std::rc::Rc;
use web_sys::{HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};
use yew::prelude::*;

/// A form's value and how to change it.
#[derive(Clone)]
pub struct Form<T: 'static> {
    value: UseStateHandle<T>,
}

impl<T: Clone + 'static> Form<T> {
    pub fn new(value: UseStateHandle<T>) -> Form<T> {
        Form { value }
    }

    pub fn get(&self) -> &T {
        &self.value
    }

    /// Changes a copy and makes it the value.
    fn change(&self, change: impl FnOnce(&mut T)) {
        let mut next = (*self.value).clone();
        change(&mut next);
        self.value.set(next);
    }

    pub fn text(
        &self,
        label: &str,
        hint: &str,
        now: &str,
        most: usize,
        set: fn(&mut T, String),
    ) -> Html {
        let form = self.clone();
        let edit = Callback::from(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            form.change(|value| set(value, input.value()));
        });
        field(
            label,
            hint,
            html! {
                <input type="text" value={now.to_owned()} oninput={edit} maxlength={most.to_string()} autocomplete="off" spellcheck="false" />
            },
        )
    }

    /// Like [`Form::text`], but must not stay empty.
    pub fn name(
        &self,
        label: &str,
        hint: &str,
        now: &str,
        most: usize,
        set: fn(&mut T, String),
    ) -> Html {
        let form = self.clone();
        let edit = Callback::from(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            form.change(|value| set(value, input.value()));
        });
        field(
            label,
            hint,
            html! {
                <input type="text" required=true value={now.to_owned()} oninput={edit} maxlength={most.to_string()} autocomplete="off" spellcheck="false" />
            },
        )
    }

    pub fn area(
        &self,
        label: &str,
        hint: &str,
        now: &str,
        most: usize,
        set: fn(&mut T, String),
    ) -> Html {
        let form = self.clone();
        let edit = Callback::from(move |event: InputEvent| {
            let input: HtmlTextAreaElement = event.target_unchecked_into();
            form.change(|value| set(value, input.value()));
        });
        field(
            label,
            hint,
            html! {
                <textarea rows="2" value={now.to_owned()} oninput={edit} maxlength={most.to_string()} spellcheck="false"/>
            },
        )
    }

    /// A whole number; the browser refuses to send the form while it is out of `range`.
    pub fn number(
        &self,
        label: &str,
        hint: &str,
        now: i64,
        range: (i64, i64),
        set: impl Fn(&mut T, i64) + 'static,
    ) -> Html {
        let form = self.clone();
        let edit = Callback::from(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            if let Ok(number) = input.value().trim().parse() {
                form.change(|value| set(value, number));
            }
        });
        field(
            label,
            hint,
            html! {
                <input type="number" required=true step="1" min={range.0.to_string()} max={range.1.to_string()} value={now.to_string()} oninput={edit} />
            },
        )
    }

    /// A number that may be left empty.
    pub fn maybe_number(
        &self,
        label: &str,
        hint: &str,
        now: Option<i64>,
        range: (i64, i64),
        set: fn(&mut T, Option<i64>),
    ) -> Html {
        let form = self.clone();
        let edit = Callback::from(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            let number = input.value().trim().parse().ok();
            form.change(|value| set(value, number));
        });
        let shown = now.map(|n| n.to_string()).unwrap_or_default();
        field(
            label,
            hint,
            html! {
                <input type="number" step="1" min={range.0.to_string()} max={range.1.to_string()} value={shown} oninput={edit} />
            },
        )
    }

    /// One of several; options are (value, words).
    pub fn choice(
        &self,
        label: &str,
        hint: &str,
        now: &str,
        options: &[(String, String)],
        set: impl Fn(&mut T, &str) + 'static,
    ) -> Html {
        let form = self.clone();
        let set = Rc::new(set);
        let edit = Callback::from(move |event: Event| {
            let select: HtmlSelectElement = event.target_unchecked_into();
            let chosen = select.value();
            let set = set.clone();
            form.change(|value| set(value, &chosen));
        });
        field(
            label,
            hint,
            html! {
                <select onchange={edit}>
                    { for options.iter().map(|(value, words)| html! {
                        <option value={value.clone()} selected={value == now}>{ words }</option>
                    }) }
                </select>
            },
        )
    }

    pub fn check(&self, label: &str, now: bool, set: fn(&mut T, bool)) -> Html {
        let form = self.clone();
        let edit = Callback::from(move |event: Event| {
            let input: HtmlInputElement = event.target_unchecked_into();
            form.change(|value| set(value, input.checked()));
        });
        html! {
            <label class="check"><input type="checkbox" checked={now} onchange={edit} />{ label }</label>
        }
    }
}

/// Options that are shown as they are.
pub fn plain(values: &[&str]) -> Vec<(String, String)> {
    values
        .iter()
        .map(|v| ((*v).to_owned(), (*v).to_owned()))
        .collect()
}

fn field(label: &str, hint: &str, input: Html) -> Html {
    html! {
        <label class="field">
            <span class="field-name">{ label }</span>
            { input }
            if !hint.is_empty() { <small>{ hint }</small> }
        </label>
    }
}
