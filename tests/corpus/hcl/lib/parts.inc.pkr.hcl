variable "setup" {
  type        = string
  description = "Where the script is."
  default     = "tests/corpus/hcl/lib/scripts/one.sh"
}
