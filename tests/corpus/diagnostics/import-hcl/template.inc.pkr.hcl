source "null" "web" {
  communicator = "none"
  ssh_username = shop user
}

build {
  sources = ["null.web"]
}
