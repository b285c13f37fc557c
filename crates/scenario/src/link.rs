//! A run as text in a link, and back. What comes back is hostile input.
//!
//! ```text
//! v1.<base64url without padding of <raw deflate of <recording as compact JSON>>>
//! v2.<the same, with programs>
//! ```
//!
//! A run without programs is still written as version 1, which every page reads; a page that knows
//! no programs must not open a run as if it had none.
//!
//! The version stands before everything else so that an old page can say that a link is newer
//! than itself. Old versions stay readable for ever; see `tests/links/`.

use crate::action::Recording;
use crate::limit::{LINK_CHARS_MAX, RECORDING_BYTES_MAX};
use crate::validate::Invalid;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::read::{DeflateDecoder, DeflateEncoder};
use std::io::Read;

/// The newest version that is read, and written for a recording with programs.
pub const VERSION: u32 = 2;
/// What is written for any other.
const WITHOUT_CODE: u32 = 1;

/// Why a link or a file is not a run. Each has a code for the page's sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the link has {chars} characters; at most {LINK_CHARS_MAX} are read")]
    TooLong { chars: usize },
    #[error(
        "this is not a link to a run: it does not begin with a version such as v{WITHOUT_CODE}."
    )]
    NotALink,
    #[error(
        "the link is of version {version}, this page reads up to version {VERSION}: reload the page to get a newer one"
    )]
    Newer { version: u64 },
    #[error("the link is damaged: {detail}; it was cut off or changed on its way")]
    Damaged { detail: &'static str },
    #[error("the run has more than {RECORDING_BYTES_MAX} bytes when unpacked")]
    TooLarge,
    #[error("the run is not written as this page writes runs: {detail}")]
    Misshapen { detail: String },
    #[error("the run asks for something that is not allowed: {0}")]
    Invalid(#[from] Invalid),
}

impl Unreadable {
    pub fn code(&self) -> &'static str {
        match self {
            Unreadable::TooLong { .. } => "link-too-long",
            Unreadable::NotALink => "link-not-a-link",
            Unreadable::Newer { .. } => "link-newer",
            Unreadable::Damaged { .. } => "link-damaged",
            Unreadable::TooLarge => "link-too-large",
            Unreadable::Misshapen { .. } => "link-misshapen",
            Unreadable::Invalid(_) => "link-invalid",
        }
    }
}

/// The recording as the text of a link.
///
/// # Errors
/// `TooLong` when it does not fit into one: offer a file instead. `Invalid` for a recording that
/// [`decode`] would refuse.
pub fn encode(recording: &Recording) -> Result<String, Unreadable> {
    let json = to_json(recording)?;
    let mut packed = Vec::new();
    DeflateEncoder::new(json.as_bytes(), Compression::best())
        .read_to_end(&mut packed)
        .map_err(|_| Unreadable::TooLarge)?;
    let version = match recording.code.is_empty() {
        true => WITHOUT_CODE,
        false => VERSION,
    };
    let text = format!("v{version}.{}", URL_SAFE_NO_PAD.encode(packed));
    within_length(&text)?;
    Ok(text)
}

/// The recording in a link's text.
pub fn decode(text: &str) -> Result<Recording, Unreadable> {
    within_length(text)?;
    let (version, body) = split_version(text)?;
    match version {
        1 | 2 => decode_json(body),
        version => Err(Unreadable::Newer { version }),
    }
}

/// The recording as compact JSON: what a file holds.
pub fn to_json(recording: &Recording) -> Result<String, Unreadable> {
    recording.validate()?;
    let json = serde_json::to_string(recording).map_err(|e| misshapen(&e))?;
    if json.len() > RECORDING_BYTES_MAX {
        return Err(Unreadable::TooLarge);
    }
    Ok(json)
}

/// The recording in a file.
pub fn from_json(bytes: &[u8]) -> Result<Recording, Unreadable> {
    if bytes.len() > RECORDING_BYTES_MAX {
        return Err(Unreadable::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|e| misshapen(&e))?;
    let recording: Recording = serde_json::from_str(text).map_err(|e| misshapen(&e))?;
    recording.validate()?;
    Ok(recording)
}

fn within_length(text: &str) -> Result<(), Unreadable> {
    // Base64 is ASCII, so bytes are characters in every link that can be right.
    if text.len() > LINK_CHARS_MAX {
        let chars = text.chars().count();
        return Err(Unreadable::TooLong { chars });
    }
    Ok(())
}

fn split_version(text: &str) -> Result<(u64, &str), Unreadable> {
    let rest = text.strip_prefix('v').ok_or(Unreadable::NotALink)?;
    let (digits, body) = rest.split_once('.').ok_or(Unreadable::NotALink)?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Unreadable::NotALink);
    }
    // More digits than a number holds is newer than anything.
    let version = digits.parse().unwrap_or(u64::MAX);
    if version == 0 {
        return Err(Unreadable::NotALink);
    }
    Ok((version, body))
}

fn decode_json(body: &str) -> Result<Recording, Unreadable> {
    let damaged = |detail| Unreadable::Damaged { detail };
    let packed = URL_SAFE_NO_PAD
        .decode(body)
        .map_err(|_| damaged("its letters are not base64url"))?;
    from_json(&inflate(&packed)?)
}

/// Unpacks at most [`RECORDING_BYTES_MAX`] bytes, however much more there would be.
fn inflate(packed: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let mut json = Vec::new();
    let limit = RECORDING_BYTES_MAX as u64 + 1;
    let mut decoder = DeflateDecoder::new(packed);
    decoder
        .by_ref()
        .take(limit)
        .read_to_end(&mut json)
        .map_err(|_| Unreadable::Damaged {
            detail: "its deflate stream does not end well",
        })?;
    if json.len() > RECORDING_BYTES_MAX {
        return Err(Unreadable::TooLarge);
    }
    if decoder.total_in() != packed.len() as u64 {
        return Err(Unreadable::Damaged {
            detail: "there is something behind its deflate stream",
        });
    }
    Ok(json)
}

fn misshapen(error: &impl ToString) -> Unreadable {
    Unreadable::Misshapen {
        detail: error.to_string(),
    }
}
