//! The runner of the recorded SCIM sequences, tried by itself, and the protocol rules tried with
//! it. The sequences meet the whole server elsewhere.

mod memory;
pub(crate) mod runner;

use runner::{Answer, Request, Suite};

pub(crate) fn okta() -> Suite {
    Suite::parse(include_str!("../../fixtures/scim-cases/okta.json")).unwrap()
}

#[test]
fn oktas_sequences_hold_for_the_protocol_alone() {
    let mut server = memory::Server::default();
    let mut send = |request: &Request| Ok(server.answer(request));
    let outcome = okta().play(&["any", "okta-aiw", "okta-oin"], "t0ken", &mut send);
    assert!(outcome.failed.is_empty(), "{:#?}", outcome.failed);
    assert_eq!(outcome.passed.len(), 67);
}

/// Plays one case against canned answers and returns what was sent.
fn play(case: &str, answers: &[(u16, &str)]) -> Result<Vec<Request>, String> {
    let file = format!(
        r#"{{"meta":{{"defaults":{{"headers":{{"Authorization":"Bearer {{{{token}}}}","Accept":"a"}}}}}},
            "cases":[{{"name":"c","profile":"any","steps":{case}}}]}}"#
    );
    let mut sent = Vec::new();
    let mut send = |request: &Request| {
        let (status, body) = answers.get(sent.len()).ok_or("no more answers")?;
        sent.push(request.clone());
        Ok(Answer {
            status: *status,
            headers: vec![("location".into(), "here".into())],
            body: body.as_bytes().to_vec(),
        })
    };
    Suite::parse(&file)?.play_named("c", "T", "r1", &mut send)?;
    Ok(sent)
}

#[test]
fn variables_are_given_captured_and_encoded() {
    let case = r#"[
        {"method":"POST","path":"/Users","headers":{"accept":null,"X":"{{run}}"},
         "body":{"a":["{{run}}"],"n":1},"expect":{"status":201,"json":[]},"capture":{"id":"$.list[1].id"}},
        {"method":"GET","path":"/Users/{{id}}","query":{"filter":"a eq \"{{run}}+é\"","count":"1"},
         "expect":{"status":[200,204],"json":[{"path":"$.id","op":"eq","value":"{{id}}"}]}},
        {"method":"GET","path":"/Users","rawQuery":"a=%20{{run}}","rawBody":"{","expect":{"status":204,
         "json":[{"path":"$.never","op":"exists"}]}}]"#;
    let answers = [
        (201, r#"{"list":[{},{"id":"u7"}]}"#),
        (200, r#"{"id":"u7"}"#),
        (204, ""),
    ];
    let sent = play(case, &answers).unwrap();
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        sent[0].headers,
        [header("Authorization", "Bearer T"), header("X", "r1")]
    );
    assert_eq!(sent[0].body, br#"{"a":["r1"],"n":1}"#);
    assert_eq!(
        sent[1].path_and_query,
        "/Users/u7?filter=a%20eq%20%22r1%2B%C3%A9%22&count=1"
    );
    assert_eq!(
        (sent[2].path_and_query.as_str(), sent[2].body.as_slice()),
        ("/Users?a=%20r1", &b"{"[..])
    );
}

#[test]
fn every_assertion_can_hold_and_fail() {
    let body = r#"{"s":"Abc","n":5,"f":1.5,"b":true,"e":[],"l":[{"v":"a"},{"v":"b"}],"urn:x:1.0":{"y":1},"t":["a","b"]}"#;
    let holds = |path: &str, op: &str, value: &str| {
        let check = format!(
            r#"[{{"method":"GET","path":"/","expect":{{"status":200,
            "json":[{{"path":"{path}","op":"{op}","value":{value}}}]}}}}]"#
        );
        play(&check, &[(200, body)]).is_ok()
    };
    for (path, op, good, bad) in [
        ("$.s", "eq", "\"Abc\"", "\"abc\""),
        ("$.s", "ne", "\"x\"", "\"Abc\""),
        ("$.s", "eqi", "\"aBC\"", "\"x\""),
        ("$.n", "gte", "5", "6"),
        ("$.n", "type", "\"integer\"", "\"number\""),
        ("$.f", "type", "\"number\"", "\"integer\""),
        ("$.b", "type", "\"boolean\"", "\"string\""),
        ("$.l", "len", "2", "1"),
        ("$.t", "contains", "\"a\"", "\"c\""),
        ("$.l[*].v", "setEq", "[\"b\",\"a\"]", "[\"a\"]"),
        ("$.l[*].v", "superset", "[\"b\"]", "[\"c\"]"),
        ("$.e[*].v", "setEq", "[]", "[\"a\"]"),
        ("$.l[1].v", "eq", "\"b\"", "\"a\""),
        ("$['urn:x:1.0'].y", "eq", "1", "2"),
    ] {
        assert!(holds(path, op, good), "{path} {op} {good}");
        assert!(!holds(path, op, bad), "{path} {op} {bad}");
    }
    for (good, bad, op) in [
        ("$.s", "$.x", "exists"),
        ("$.x", "$.s", "absent"),
        ("$.l", "$.e", "nonempty"),
    ] {
        assert!(holds(good, op, "null") && !holds(bad, op, "null"), "{op}");
    }
    assert!(!holds("$.s", "unheardOf", "1") && !holds("s", "eq", "1"));
}

#[test]
fn statuses_headers_and_broken_answers_fail() {
    let expecting = |expect: &str| format!(r#"[{{"method":"GET","path":"/","expect":{expect}}}]"#);
    let ok = |expect: &str, answer: (u16, &str)| play(&expecting(expect), &[answer]).is_ok();
    assert!(ok(r#"{"status":[200,204],"json":[]}"#, (204, "")));
    assert!(!ok(r#"{"status":[200,204],"json":[]}"#, (201, "")));
    assert!(!ok(r#"{"json":[]}"#, (200, "")));
    assert!(ok(
        r#"{"status":200,"headers":{"Location":"nonempty"}}"#,
        (200, "")
    ));
    assert!(!ok(
        r#"{"status":200,"headers":{"Missing":"nonempty"}}"#,
        (200, "")
    ));
    assert!(ok(
        r#"{"status":200,"headers":{"LOCATION":"~^h(e)?re$"}}"#,
        (200, "")
    ));
    assert!(!ok(
        r#"{"status":200,"headers":{"Location":"~^x"}}"#,
        (200, "")
    ));
    assert!(!ok(
        r#"{"status":200,"headers":{"Location":"~^h.*"}}"#,
        (200, "")
    ));
    assert!(!ok(
        r#"{"status":200,"json":[{"path":"$.a","op":"absent"}]}"#,
        (200, "<html>")
    ));
    assert!(play(&expecting(r#"{"status":200}"#), &[]).is_err());
    assert!(
        play(
            r#"[{"method":"GET","path":"/{{unknown}}","expect":{"status":200}}]"#,
            &[(200, "")]
        )
        .is_err()
    );
}
