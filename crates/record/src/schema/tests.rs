use proptest::prelude::*;

use super::*;

#[test]
fn known_encodings() {
    let check = |write: &dyn Fn(&mut Writer), expect: &[u8]| {
        let mut writer = Writer::new();
        write(&mut writer);
        assert_eq!(&writer.finish()[..], expect);
    };
    check(
        &|w| {
            w.unsigned_varint(300);
        },
        &[0xac, 0x02],
    );
    check(
        &|w| {
            w.varint(-1);
        },
        &[0x01],
    );
    check(
        &|w| {
            w.varint(300);
        },
        &[0xd8, 0x04],
    );
    check(
        &|w| {
            w.varlong(i64::MIN);
        },
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    );
    check(
        &|w| {
            w.compact_string("ab");
        },
        &[3, b'a', b'b'],
    );
    check(
        &|w| {
            w.compact_nullable_string(None);
        },
        &[0],
    );
    check(
        &|w| {
            w.string("ab");
        },
        &[0, 2, b'a', b'b'],
    );
    check(
        &|w| {
            w.nullable_bytes(None);
        },
        &[0xff; 4],
    );
    let tags = TaggedFields::from([(1, Bytes::from_static(&[9, 8]))]);
    check(
        &|w| {
            w.tagged_fields(&tags);
        },
        &[1, 1, 2, 9, 8],
    );
}

#[test]
fn errors_say_where() {
    let error = Reader::new(Bytes::from_static(&[0, 5, b'a']))
        .string()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "at byte 2: bytes needs 5 bytes, 1 are left"
    );
    let error = Reader::new(Bytes::from_static(&[0xff; 6]))
        .unsigned_varint()
        .unwrap_err();
    assert!(error.reason.contains("longer than 5"), "{error}");
    let error = Reader::new(Bytes::from_static(&[0xff, 0xff, 0xff, 0xff, 0x1f]))
        .varint()
        .unwrap_err();
    assert!(error.reason.contains("32 bits"), "{error}");
    let claims = Bytes::from_static(&[0x7f, 0xff, 0xff, 0xff, 0]);
    let error = Reader::new(claims).array(|r| r.u8()).unwrap_err();
    assert!(error.reason.contains("2147483647 elements"), "{error}");
}

proptest! {
    #[test]
    fn fields_round_trip(
        a in any::<i8>(), b in any::<i16>(), c in any::<i32>(), d in any::<i64>(), e in any::<bool>(),
        text in prop::option::of(".{0,20}"), raw in prop::option::of(prop::collection::vec(any::<u8>(), 0..30)),
        list in prop::collection::vec(any::<i64>(), 0..10), id in any::<[u8; 16]>(),
    ) {
        let id = Uuid::from_bytes(id);
        let mut w = Writer::new();
        w.i8(a).i16(b).i32(c).i64(d).bool(e).uuid(id).varint(c).varlong(d).unsigned_varint(c as u32)
            .nullable_string(text.as_deref()).compact_nullable_string(text.as_deref())
            .nullable_bytes(raw.as_deref()).compact_nullable_bytes(raw.as_deref())
            .array(&list, |w, v| { w.varlong(*v); })
            .compact_array(&list, |w, v| { w.i64(*v); })
            .no_tagged_fields();
        let mut r = Reader::new(w.finish());
        prop_assert_eq!((r.i8()?, r.i16()?, r.i32()?, r.i64()?, r.bool()?), (a, b, c, d, e));
        prop_assert_eq!((r.uuid()?, r.varint()?, r.varlong()?, r.unsigned_varint()?), (id, c, d, c as u32));
        prop_assert_eq!((r.nullable_string()?, r.compact_nullable_string()?), (text.clone(), text));
        let raw = raw.map(Bytes::from);
        prop_assert_eq!((r.nullable_bytes()?, r.compact_nullable_bytes()?), (raw.clone(), raw));
        prop_assert_eq!(r.array(Reader::varlong)?, list.clone());
        prop_assert_eq!(r.compact_array(Reader::i64)?, list);
        prop_assert_eq!((r.tagged_fields()?, r.remaining()), (TaggedFields::new(), 0));
    }

    #[test]
    fn varlong_length(value in any::<i64>(), shift in 0u32..64) {
        let value = value >> shift;
        let mut out = BytesMut::new();
        put_varlong(&mut out, value);
        prop_assert_eq!(out.len(), varlong_len(value));
    }

    #[test]
    fn noise_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let reader = Reader::new(Bytes::from(bytes));
        let _ = reader.clone().compact_string();
        let _ = reader.clone().compact_bytes();
        let _ = reader.clone().compact_array(Reader::compact_string);
        let _ = reader.clone().tagged_fields();
        let _ = reader.clone().varlong();
        let _ = reader.clone().array(|r| r.array(Reader::string));
    }
}
