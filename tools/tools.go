//go:build tools

// Package tools pins the programs that check the code, apart from what the product is made of.
package tools

import _ "github.com/golangci/golangci-lint/v2/cmd/golangci-lint"
