//! The part of JSON Schema that `grammar/*.schema.json` uses.

use std::path::Path;

use serde_json::Value;

/// Compares a document with a schema of `grammar`.
#[track_caller]
pub(crate) fn follows(schema: &str, document: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("grammar").join(schema);
    let root: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    if let Err(why) = check(&root, &root, document) {
        panic!("{schema}: {why} in\n{document:#}");
    }
}

const KNOWN: [&str; 13] = [
    "title",
    "description",
    "$defs",
    "$ref",
    "oneOf",
    "type",
    "const",
    "enum",
    "minimum",
    "properties",
    "required",
    "additionalProperties",
    "items",
];

fn check(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    for (word, rule) in schema.as_object().unwrap() {
        assert!(KNOWN.contains(&&**word), "{word} is not known here");
        let holds = match &**word {
            "$ref" => {
                let pointer = rule.as_str().unwrap().trim_start_matches('#');
                check(root, root.pointer(pointer).unwrap(), value)?;
                true
            }
            "oneOf" => check_one_of(root, rule, value)?,
            "type" => types(rule).any(|kind| is_of_type(kind, value)),
            "const" => rule == value,
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => value.as_i64().is_some_and(|number| number >= rule.as_i64().unwrap()),
            "properties" => {
                for (key, part) in value.as_object().into_iter().flatten() {
                    let rule = rule.get(key).ok_or(format!("{key} is not in the schema"))?;
                    check(root, rule, part).map_err(|why| format!("{key}: {why}"))?;
                }
                true
            }
            "required" => rule
                .as_array()
                .unwrap()
                .iter()
                .all(|key| value.get(key.as_str().unwrap()).is_some()),
            "items" => {
                for part in value.as_array().into_iter().flatten() {
                    check(root, rule, part)?;
                }
                true
            }
            _ => true,
        };
        if !holds {
            return Err(format!("{word} {rule} does not hold of {value}"));
        }
    }
    Ok(())
}

fn check_one_of(root: &Value, rules: &Value, value: &Value) -> Result<bool, String> {
    let results = rules.as_array().unwrap().iter().map(|rule| check(root, rule, value));
    let (good, bad): (Vec<_>, Vec<_>) = results.partition(Result::is_ok);
    match good.len() {
        1 => Ok(true),
        _ => Err(format!("{} alternatives hold; {bad:?}", good.len())),
    }
}

fn types(rule: &Value) -> impl Iterator<Item = &str> {
    let list = rule.as_array().map(Vec::as_slice).unwrap_or(std::slice::from_ref(rule));
    list.iter().filter_map(Value::as_str)
}

fn is_of_type(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("type {other} is not known here"),
    }
}

#[test]
fn documents_that_do_not_follow_are_found() {
    let schema = serde_json::json!({
        "type": "object",
        "properties": { "a": { "type": ["integer", "null"], "minimum": 1 } },
        "required": ["a"],
    });
    let check = |value: Value| check(&schema, &schema, &value).is_ok();
    assert!(check(serde_json::json!({ "a": 1 })));
    for odd in [r#"{}"#, r#"{"a":0}"#, r#"{"a":"1"}"#, r#"{"a":1,"b":1}"#, "[]"] {
        assert!(!check(serde_json::from_str(odd).unwrap()), "{odd}");
    }
}
