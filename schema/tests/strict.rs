//! What the protocol does not allow, one case after the other, and what it keeps for later.

use caffis_schema::{
    Body, ClientFrame, Command, EntryKind, Error, ErrorCode, Reply, ServerFrame, UserId,
    codec::{Codec, DecodeError, decode, encode},
    event::{Answer, Answered},
    limits::FRAME_BYTES,
};

fn binary(bytes: &[u8]) -> Result<ClientFrame, DecodeError> {
    decode(bytes, Codec::Binary)
}

fn json(text: &str) -> Result<ClientFrame, DecodeError> {
    decode(text.as_bytes(), Codec::Json)
}

fn malformed(result: Result<ClientFrame, DecodeError>, sentence: &str) {
    match result {
        Err(DecodeError::Malformed(text)) => assert!(text.contains(sentence), "{text}"),
        other => panic!("{other:?} is not malformed: {sentence}"),
    }
}

/// Request 1 with a command's tag and payload.
fn request(tag: u8, payload: &[u8]) -> Vec<u8> {
    [&[0, 1, tag, payload.len() as u8], payload].concat()
}

#[test]
fn a_good_ping_is_four_bytes() {
    let ping = binary(&[0, 1, 2, 0]).expect("a ping");
    assert_eq!(
        encode(&ping, Codec::Json).expect("JSON"),
        br#"{"request":{"id":1,"command":{"ping":{}}}}"#
    );
}

#[test]
fn overlong_varints_are_not_canonical() {
    for bytes in [
        &[0x80, 0x00, 1, 2, 0][..],
        &[0, 0x81, 0x00, 2, 0],
        &[0, 1, 0x82, 0x00, 0],
        &[0, 1, 2, 0x80, 0x00],
        &[0, 0x81, 0x80, 0x80, 0x80, 0x00, 2, 0],
    ] {
        assert_eq!(binary(bytes), Err(DecodeError::NotCanonical), "{bytes:x?}");
    }
    // Inside a payload: close of room 1, written in two bytes.
    assert_eq!(binary(&request(14, &[0x81, 0x00])), Err(DecodeError::NotCanonical));
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    binary(&[0, 0xff, 0xff, 0xff, 0xff, 0x1f, 2, 0]).expect_err("an id over 32 bits");
    let last = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    binary(&request(14, &last)).expect("the last room");
    let over = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    binary(&request(14, &over)).expect_err("a room over 2^63 - 1");
    let exact = [[0].as_slice(), &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]].concat();
    binary(&request(18, &exact)).expect("a number that JavaScript holds");
    let inexact = [[0].as_slice(), &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]].concat();
    binary(&request(18, &inexact)).expect_err("one more");
}

#[test]
fn bad_variants_booleans_and_options_are_refused() {
    binary(&[2, 1, 2, 0]).expect_err("no third kind of frame");
    binary(&request(21, &[2])).expect_err("a boolean of 2");
    binary(&request(4, &[2, 0, 1])).expect_err("an option of 2");
    binary(&request(16, &[0, 4, 50])).expect_err("no fifth anchor");
}

#[test]
fn bytes_left_over_are_refused() {
    assert_eq!(binary(&[0, 1, 2, 0, 0]), Err(DecodeError::Trailing(1)));
    binary(&request(2, &[0])).expect_err("a byte after a ping's payload");
    binary(&request(14, &[1, 0])).expect_err("a byte after a close's payload");
}

#[test]
fn an_array_is_no_object() {
    json(r#"{"request":{"id":1,"command":{"close":{"room":"0000000000000001"}}}}"#)
        .expect("a close");
    for (text, sentence) in [
        (r#"{"request":[1,{"ping":{}}]}"#, "expected an object"),
        (r#"{"request":{"id":1,"command":{"close":["0000000000000001"]}}}"#, "expected an object"),
        (r#"{"request":{"id":1,"command":{"ping":[]}}}"#, "expected an object"),
        (r#"[1,{"ping":{}}]"#, "expected value"),
    ] {
        malformed(json(text), sentence);
    }
}

#[test]
fn text_is_utf_8_within_its_bound() {
    binary(&request(1, &[2, 0xc3, 0xa9])).expect("é");
    binary(&request(1, &[2, 0xc3, 0x28])).expect_err("invalid UTF-8");
    binary(&request(1, &[3, 0xed, 0xa0, 0x80])).expect_err("half a surrogate pair");
    binary(&request(6, &[0])).expect_err("an empty user id");
    binary(&request(6, &[1, 7])).expect_err("a control character in a user id");
    let long = |length: u8| [vec![length], vec![b'u'; usize::from(length)]].concat();
    binary(&request(6, &long(64))).expect("64 bytes");
    binary(&request(6, &long(65))).expect_err("65 bytes");
}

#[test]
fn a_frame_over_the_limit_is_refused_before_it_is_read() {
    let bytes = vec![0; FRAME_BYTES + 1];
    assert_eq!(binary(&bytes), Err(DecodeError::TooLarge(FRAME_BYTES + 1)));
}

#[test]
fn an_unknown_command_is_kept_as_it_came() {
    let bytes = request(99, b"newer");
    let frame = binary(&bytes).expect("an unknown command");
    let ClientFrame::Request(request) = &frame else { panic!("{frame:?}") };
    let Command::Unknown(unknown) = &request.command else { panic!("{frame:?}") };
    assert_eq!((unknown.tag, &*unknown.bytes), (99, b"newer".as_slice()));
    assert_eq!(encode(&frame, Codec::Binary).expect("encodes"), bytes);
}

#[test]
fn unknown_kinds_inside_a_page_are_kept() {
    // A page of two entries: one of a newer kind, one message with a newer body.
    let newer_entry = [1, 5, 200, 1, 3, 7, 7, 7].as_slice();
    let newer_body = [2, 6, 1, 11, 1, 0, 0, 90, 2, 8, 8, 0, 0, 0, 0].as_slice();
    let page = [&[2], newer_entry, newer_body, &[1, 0, 2]].concat();
    let bytes = [&[0, 9, 0, 8, page.len() as u8], page.as_slice()].concat();
    let frame: ServerFrame = decode(&bytes, Codec::Binary).expect("a page");
    let ServerFrame::Reply(Answer { result: Answered::Ok(Reply::Page(page)), .. }) = &frame else {
        panic!("{frame:?}")
    };
    let EntryKind::Unknown(unknown) = &page.entries[0].kind else { panic!("{page:?}") };
    assert_eq!((unknown.tag, &*unknown.bytes), (200, [7, 7, 7].as_slice()));
    let EntryKind::Message(message) = &page.entries[1].kind else { panic!("{page:?}") };
    let Body::Unknown(unknown) = &message.body else { panic!("{page:?}") };
    assert_eq!((unknown.tag, &*unknown.bytes), (90, [8, 8].as_slice()));
    assert_eq!(encode(&frame, Codec::Binary).expect("encodes"), bytes);
}

#[test]
fn a_code_carries_nothing() {
    let error = Error::refused(ErrorCode::Unknown(99), "newer");
    let bytes = encode(&error, Codec::Binary).expect("encodes");
    assert_eq!(decode::<Error>(&bytes, Codec::Binary), Ok(error.clone()));
    assert_eq!(&bytes[..2], [99, 0]);
    let with_payload = [&[99, 1, 0], &bytes[2..]].concat();
    decode::<Error>(&with_payload, Codec::Binary).expect_err("a payload behind a code");
    let text = encode(&error, Codec::Json).expect("JSON");
    assert!(String::from_utf8_lossy(&text).contains(r#""code":"unknown:99""#));
    assert_eq!(decode::<Error>(&text, Codec::Json), Ok(error));
}

#[test]
fn json_is_lenient_about_fields_and_strict_about_kinds() {
    let ping = json(r#"{"request":{"id":1,"command":{"ping":{}}}}"#).expect("a ping");
    let extra = json(r#"{"request":{"id":1,"newer":[1],"command":{"ping":{"newer":null}}}}"#);
    assert_eq!(extra.expect("unknown fields are ignored"), ping);
    json(r#"{"request":{"id":1,"command":{"rooms":{"limit":10}}}}"#).expect("optional fields");
    malformed(json(r#"{"request":{"id":1,"command":{"ping":{},"pong":{}}}}"#), "one key");
    malformed(json(r#"{"request":{"id":1,"command":{}}}"#), "one key");
    malformed(json(r#"{"request":{"id":1.5,"command":{"ping":{}}}}"#), "floating point");
    malformed(json(r#"{"request":{"id":-1,"command":{"ping":{}}}}"#), "invalid value");
    malformed(json(r#"{"request":{"id":1,"command":{"ping":{}}}} x"#), "trailing");
    malformed(json(r#"{"other":{}}"#), "unknown variant");
    malformed(json(r#"{"request":{"id":1,"command":{"close":{"room":"1"}}}}"#), "room id");
    malformed(json(r#"{"request":{"id":1,"command":{"close":{"room":1}}}}"#), "string");
}

#[test]
fn json_keeps_an_unknown_kind_by_name_or_by_tag() {
    let named = json(r#"{"request":{"id":1,"command":{"juggle":{"balls":3}}}}"#).expect("kept");
    let ClientFrame::Request(request) = named else { panic!("{named:?}") };
    assert!(matches!(&request.command, Command::Unknown(unknown) if &*unknown.bytes == b"juggle"));
    json(r#"{"request":{"id":1,"command":{"unknown":{"tag":99,"bytes":"AAE="}}}}"#).expect("kept");
    let known = json(r#"{"request":{"id":1,"command":{"unknown":{"tag":2,"bytes":""}}}}"#);
    malformed(known, "a known kind");
}

#[test]
fn a_known_kind_is_not_sent_as_an_unknown_one() {
    let unknown = caffis_schema::open::Unknown { tag: 0, bytes: Default::default() };
    for codec in [Codec::Binary, Codec::Json] {
        encode(&Body::Unknown(unknown.clone()), codec).expect_err("text as an unknown body");
    }
}

#[test]
fn user_ids_are_those_of_the_main_app() {
    for good in ["u", "auth0|5f7c8ec7c33c6c004bbafe82", "ana@example.com", "ユーザー"] {
        assert_eq!(good.parse::<UserId>().expect(good).as_str(), good);
    }
    for bad in ["", "a\nb", "\u{85}", &"u".repeat(65)] {
        bad.parse::<UserId>().expect_err(bad);
    }
}
