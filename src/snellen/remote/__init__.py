"""What engines of hosted models and of servers share: one HTTP client, pictures as providers take them, prices."""
