"""What the suites with real peers share: the appliance under test, a browser, documents."""
