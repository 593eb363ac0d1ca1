# make help lists what there is. Go needs cgo (a C compiler) for SQLite and DuckDB; Arrow scans need the build tag.
# A tree that is no git checkout, or that git distrusts, is built without a revision instead of not at all.
VCS := $(shell git rev-parse HEAD >/dev/null 2>&1 || echo -buildvcs=false)
export GOFLAGS := -tags=duckdb_arrow $(VCS)
export CGO_ENABLED := 1
SHELL := /bin/bash
.DEFAULT_GOAL := help
GO_SOURCES := $(shell find cmd internal -path internal/web/dist -prune -o -type f \( -name '*.go' -o -name '*.sql' -o -name '*.html' -o -name '*.js' \) -print 2>/dev/null)
WEB_SOURCES := $(shell find web -path '*/node_modules' -prune -o -path '*/dist' -prune -o -type f -print 2>/dev/null)
LINT := bin/golangci-lint

.PHONY: help demo dev build web test check lint gen bench race walk sdk fuzz clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  \1\t\2/' | expand -t 12

demo: build ## build everything, make the demo brand, serve it and print where
	bin/huoshui demo

dev: ## serve on :8080 with the console rebuilt as its sources change (Vite on :5173)
	@trap 'kill 0' EXIT; (cd web && npm run dev) & go run ./cmd/huoshui serve

build: web bin/huoshui ## build the console and the binary bin/huoshui

bin/huoshui: $(GO_SOURCES) go.mod internal/web/.built
	go build -o $@ ./cmd/huoshui

web: internal/web/.built ## build the console and the phone

web/node_modules/.installed: web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

internal/web/.built: web/node_modules/.installed $(WEB_SOURCES)
	cd web && npm run build
	@touch $@

test: web/node_modules/.installed ## every test that this machine can run: Go on SQLite (and PostgreSQL where installed), web
	scripts/with-postgres.sh go test ./...
	cd web && npm test

race: ## the Go tests with the race detector, on both databases
	scripts/with-postgres.sh go test -race -timeout 20m ./...

walk: build ## walk through every main screen of the built product with Chromium
	cd web && npm run e2e

sdk: build sdk/node_modules/.installed ## drive the built product with the real SDKs of Segment and 神策, some in Chromium
	cd sdk && npm test

sdk/node_modules/.installed: sdk/package-lock.json
	cd sdk && npm ci --no-audit --no-fund
	@touch $@

check: lint ## what CI checks beside the tests: lint, types, generated files
	$(MAKE) gen
	git diff --exit-code -- api web/packages/api/src/schema.gen.ts

lint: $(LINT) web/node_modules/.installed ## golangci-lint, Biome, TypeScript
	$(LINT) run ./...
	cd web && npm run lint && npm run types

$(LINT): tools/go.mod tools/go.sum
	cd tools && GOFLAGS= go build -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

gen: web/node_modules/.installed ## write the OpenAPI document and the TypeScript types made from it
	go run ./cmd/huoshui openapi > api/openapi.json.new && mv api/openapi.json.new api/openapi.json
	cd web && npm run gen

bench: bin/huoshui ## the benchmarks against their peers, in one run (SCALE=full for 10 M people)
	SCALE=$(SCALE) bench/run.sh

fuzz: ## fuzz the readers of files and of events for a minute each
	@for dir in internal/platform/files internal/data/collect; do \
		for f in $$(grep -rhoE '^func Fuzz[A-Za-z0-9]+' $$dir | sed 's/func //'); do go test ./$$dir -run '^$$' -fuzz "^$$f$$" -fuzztime 60s || exit 1; done; done

clean: ## remove what was built
	rm -rf bin internal/web/.built
