//! Programs in links and files: round trips, and each bound with what is said at it.

use konbini_scenario::code::{Change, Code, File, Signal, Step, TimedStep};
use konbini_scenario::link::{decode, encode, from_json, to_json};
use konbini_scenario::{Recording, catalogue, limit};

fn recording(code: Code) -> Recording {
    Recording {
        until: 30_000,
        code,
        ..Recording::of(catalogue::playground())
    }
}

fn write(name: &str, text: &str) -> Change {
    Change {
        name: name.to_owned(),
        text: Some(text.to_owned()),
    }
}

fn remove(name: &str) -> Change {
    Change {
        name: name.to_owned(),
        text: None,
    }
}

fn begin(at: i64, file: &str, files: Vec<Change>) -> TimedStep {
    let file = file.to_owned();
    TimedStep {
        at,
        step: Step::Begin { file, files },
    }
}

fn step(at: i64, step: Step) -> TimedStep {
    TimedStep { at, step }
}

fn two_programs() -> Code {
    let signal = Signal::Interrupt;
    Code {
        programs: vec![
            begin(
                1_000,
                "producer.js",
                vec![
                    write("producer.js", "require('./lib/topic.js')"),
                    write("lib/topic.js", "module.exports = '訂單'"),
                ],
            ),
            begin(
                2_000,
                "consumer.js",
                vec![write("consumer.js", "1"), remove("producer.js")],
            ),
            step(9_000, Step::Signal { program: 0, signal }),
            step(9_500, Step::Kill { program: 1 }),
        ],
        files: vec![write("consumer.js", "2")],
    }
}

#[test]
fn a_link_with_programs_holds_them_and_is_of_the_second_version() {
    let recording = recording(two_programs());
    let link = encode(&recording).unwrap();
    assert!(link.starts_with("v2."), "{link}");
    assert!(link.len() < 2_000, "{} characters", link.len());
    assert_eq!(decode(&link).unwrap(), recording);
    let json = to_json(&recording).unwrap();
    assert_eq!(from_json(json.as_bytes()).unwrap(), recording);
    let file = |name: &str, text: &str| File {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let files = [
        file("lib/topic.js", "module.exports = '訂單'"),
        file("consumer.js", "2"),
    ];
    assert_eq!(recording.code.all_files(), files);
}

#[test]
fn links_with_programs_keep_working() {
    let text = include_str!("links/v2.txt").trim();
    let json = include_bytes!("links/v2.json");
    let read = decode(text).unwrap();
    assert_eq!(read, from_json(json).unwrap());
    assert_eq!(read.code, two_programs());
}

#[test]
fn a_link_without_programs_is_what_it_always_was() {
    let link = encode(&recording(Code::default())).unwrap();
    assert!(link.starts_with("v1."), "{link}");
    assert!(
        !to_json(&recording(Code::default()))
            .unwrap()
            .contains("code")
    );
}

#[test]
fn too_much_text_for_a_link_becomes_a_file() {
    // Nothing repeats in it, so that deflate does not help.
    let mut chance = 1u64;
    let mut letter = || {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b'!' + (chance >> 58) as u8)
    };
    let text: String = (0..40_000).map(|_| letter()).collect();
    let long = recording(Code {
        files: vec![write("long.js", &text)],
        ..Code::default()
    });
    assert_eq!(encode(&long).unwrap_err().code(), "link-too-long");
    assert_eq!(from_json(to_json(&long).unwrap().as_bytes()).unwrap(), long);
}

/// The change to the good code, and what is said about it.
fn refused(change: impl FnOnce(&mut Code), said: &str) {
    let mut code = two_programs();
    change(&mut code);
    let recording = recording(code);
    let json = serde_json::to_vec(&recording).unwrap();
    let unreadable = from_json(&json).expect_err(said);
    let text = unreadable.to_string();
    assert_eq!(unreadable.code(), "link-invalid", "{text}");
    assert!(text.contains(said), "{text}\ndoes not contain\n{said}");
    // Nobody is handed a link that cannot be opened.
    assert_eq!(encode(&recording).unwrap_err().code(), "link-invalid");
}

#[test]
fn each_bound_is_named() {
    let name = |name: &'static str| {
        refused(
            |code| code.files = vec![write(name, "")],
            "code.files[0].name is",
        );
    };
    for hostile in [
        "",
        "..",
        "../x.js",
        "/etc/passwd",
        "a//b.js",
        "a/",
        "a b.js",
        ".hidden",
        "a\\b",
        "訂單.js",
        "con\0.js",
    ] {
        name(hostile);
    }
    refused(
        |code| code.files = vec![write(&"n".repeat(limit::FILE_NAME_CHARS_MAX + 1), "")],
        "a file's name has 1 to 80 letters",
    );
    refused(
        |code| code.files = vec![write("a.js", &"x".repeat(limit::FILE_CHARS_MAX + 1))],
        "code.files[0].text has 200001 characters; at most 200000 are allowed",
    );
    refused(
        |code| code.files = (0..40).map(|n| write(&format!("f{n}.js"), "")).collect(),
        "code.files has 42 files; at most 40 are allowed",
    );
    refused(
        // Also where each replaces the one before it.
        |code| code.files = vec![write("a.js", &"x".repeat(200_000)); 11],
        "all texts of the code together has 2",
    );
    refused(
        |code| code.files = vec![remove("nothing.js")],
        r#"code.files[0].name is "nothing.js"; there are lib/topic.js, consumer.js"#,
    );
}

#[test]
fn steps_fit_each_other() {
    let kill = |program| Step::Kill { program };
    refused(
        |code| {
            code.programs
                .resize(limit::PROGRAM_STEPS_MAX + 1, step(9_500, kill(0)));
        },
        "code.programs has 2001 entries; at most 2000 are allowed",
    );
    refused(
        |code| code.programs[1].at = 999,
        "code.programs[1].at is 999; allowed is 1000 to",
    );
    refused(
        |code| code.programs[0].at = -1,
        "code.programs[0].at is -1; allowed is 0 to",
    );
    refused(
        |code| code.programs[1] = begin(2_000, "none.js", Vec::new()),
        r#"code.programs[1].file is "none.js"; there are producer.js, lib/topic.js"#,
    );
    refused(
        |code| code.programs = vec![begin(0, "none.js", Vec::new())],
        r#"is "none.js"; there are no files"#,
    );
    refused(
        |code| code.programs[3].step = kill(2),
        "code.programs[3].program is 2; 2 had begun, counted from 0",
    );
    refused(
        |code| code.programs.insert(0, step(0, kill(0))),
        "code.programs[0].program is 0; 0 had begun",
    );
}

#[test]
fn what_is_no_step_is_misshapen() {
    let check = |good: &str, bad: &str| {
        let json = to_json(&recording(two_programs())).unwrap();
        assert!(json.contains(good), "{json}");
        let unreadable = from_json(json.replace(good, bad).as_bytes()).unwrap_err();
        assert_eq!(unreadable.code(), "link-misshapen", "{unreadable}");
    };
    check(r#""do":"kill""#, r#""do":"shell""#);
    check(r#""SIGINT""#, r#""SIGSEGV""#);
    check(r#""program":1"#, r#""program":-1"#);
    check(r#""text":"1""#, r#""text":1"#);
    check(r#""text":"1""#, r#""text":"1","run":true"#);
    check(r#""code":{"#, r#""code":{"run":true,"#);
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    /// Files that are written, and programs that begin with them, in turns.
    fn any_code() -> impl Strategy<Value = Code> {
        let edit = ("[a-z]{1,3}(/[a-z]{1,3})?\\.js", "\\PC{0,40}");
        let edits = proptest::collection::vec((0i64..1_000, edit), 0..12);
        (edits, "\\PC{0,20}").prop_map(|(edits, last)| {
            let mut at = 0;
            let begins = edits.into_iter().map(|(after, (name, text))| {
                at += after;
                begin(at, &name, vec![write(&name, &text)])
            });
            Code {
                programs: begins.collect(),
                files: vec![write("last.js", &last)],
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn round_trip(code in any_code()) {
            let recording = recording(code);
            prop_assert_eq!(decode(&encode(&recording).unwrap()).unwrap(), recording);
        }

        #[test]
        fn a_name_that_is_taken_stays_in_its_folder(name in "[a-z./\\\\ -]{0,12}") {
            let recording = recording(Code {
                files: vec![write(&name, "")],
                ..Code::default()
            });
            if recording.validate().is_ok() {
                let parts: Vec<&str> = name.split('/').collect();
                prop_assert!(parts.iter().all(|part| !part.is_empty() && !part.starts_with('.')));
                prop_assert!(!name.contains(['\\', ' ']));
            }
        }
    }
}
