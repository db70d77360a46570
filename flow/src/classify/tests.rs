//! Cases of classification: definitions in many styles, and what they are.

use serde_json::json;

use super::*;

fn class(name: &str, description: &str) -> Class {
    classify(&Tool { server: "s", name, description, input_schema: None, annotations: None })
}

#[test]
fn what_a_tool_does_is_read_from_its_definition() {
    for (name, description, acts, kinds) in [
        ("send_email", "Sends an email to the given recipients.", Acts::Outward, Kinds::SEND),
        ("tool_7", "Sends an email to the given recipients.", Acts::Outward, Kinds::SEND),
        ("search", "Search for messages in the mailbox.", Acts::Reads, Kinds::NONE),
        ("email_search", "", Acts::Reads, Kinds::NONE),
        ("mark_read", "", Acts::Inward, Kinds::UPDATE),
        ("set_status", "", Acts::Inward, Kinds::UPDATE),
        ("git_log", "Shows the commit logs", Acts::Reads, Kinds::NONE),
        ("Geld senden", "Geld senden.", Acts::Outward, Kinds::PAY),
        ("stop_sharing", "", Acts::Outward, Kinds::UPDATE.or(Kinds::REMOVE).or(Kinds::SHARE)),
        ("transfer-funds", "Transfer money to another account", Acts::Outward, Kinds::PAY),
        ("create_transfer", "Create a payment to a payee", Acts::Outward, Kinds::PAY),
        (
            "updateStandingOrder",
            "Changes a recurring payment",
            Acts::Outward,
            Kinds::UPDATE.or(Kinds::PAY),
        ),
        ("transfer", "Transfers an amount", Acts::Outward, Kinds::PAY),
        ("transfer_stock", "Transfer stock to another warehouse", Acts::Inward, Kinds::UPDATE),
        ("send_reminder", "Sends a payment reminder to a customer", Acts::Outward, Kinds::SEND),
        ("addMember", "Add a user to a group", Acts::Outward, Kinds::INVITE),
        (
            "change_password",
            "Change the password of the account",
            Acts::Outward,
            Kinds::UPDATE.or(Kinds::SECRET),
        ),
        ("delete_file", "Deletes a file", Acts::Inward, Kinds::REMOVE),
        ("create_event", "Creates a new calendar event", Acts::Inward, Kinds::CREATE),
        ("Reserve Table", "This tool can be used to reserve a table.", Acts::Outward, Kinds::BOOK),
        ("frobnicate", "", Acts::Outward, Kinds::NONE),
        ("delete_all", "Returns the list", Acts::Inward, Kinds::REMOVE),
        ("post_message", "Post a message in a channel", Acts::Outward, Kinds::SEND),
        ("get_balance", "Get the balance of the account", Acts::Reads, Kinds::NONE),
    ] {
        let class = class(name, description);
        assert_eq!((class.acts, class.kinds), (acts, kinds), "{name}: {:?}", class.reasons);
    }
}

#[test]
fn a_name_changes_the_confidence_only() {
    for description in [
        "Send a message to a user",
        "Delete a record by its id",
        "Lists all files",
        "Pay an invoice",
    ] {
        let one = class("tool_1", description);
        let other = class("x", description);
        assert_eq!(
            (one.acts, one.kinds, one.reversible),
            (other.acts, other.kinds, other.reversible)
        );
    }
}

#[test]
fn contacts_are_own_records_wherever_they_stand() {
    let found = class("search_contacts", "Finds contacts of the mailbox by name or email.");
    assert_eq!((found.acts, found.reads), (Acts::Reads, Origin::Own));
    let mail = class("search_mail", "Finds mails of a contact.");
    assert_eq!(mail.reads, Origin::ThirdParty);
}

#[test]
fn hints_lower_or_fill_but_never_disarm() {
    let hints = json!({"readOnlyHint": true});
    let tool = |name, description| {
        classify(&Tool {
            server: "s",
            name,
            description,
            input_schema: None,
            annotations: Some(&hints),
        })
    };
    assert_eq!(tool("frobnicate", "").acts, Acts::Reads);
    let sends = tool("send", "Send money to somebody");
    assert_eq!(sends.acts, Acts::Outward);
    assert!(sends.confidence <= 40);
}

#[test]
fn arguments_have_roles_by_name_or_description() {
    let schema = json!({"properties": {
        "recipients": {"type": "array"},
        "body": {"type": "string"},
        "amount": {"type": "number"},
        "file_id": {"type": "string"},
        "new_password": {"type": "string"},
        "start_time": {"type": "string"},
        "x1": {"type": "string", "description": "IBAN of the payee"},
        "x2": {"type": "string"},
        "to": {"type": "object", "properties": {"name": {"type": "string"}}},
    }});
    let class = classify(&Tool {
        server: "s",
        name: "send",
        description: "Send money",
        input_schema: Some(&schema),
        annotations: None,
    });
    for (pointer, role) in [
        ("/recipients/0", Some(Role::Destination)),
        ("/body", Some(Role::Content)),
        ("/amount", Some(Role::Amount)),
        ("/file_id", Some(Role::Selector)),
        ("/new_password", Some(Role::Credential)),
        ("/start_time", Some(Role::Schedule)),
        ("/x1", Some(Role::Destination)),
        ("/x2", None),
        ("/to/street", Some(Role::Destination)),
    ] {
        assert_eq!(class.role(pointer), role, "{pointer}");
    }
}
