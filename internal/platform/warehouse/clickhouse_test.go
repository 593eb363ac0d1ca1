package warehouse_test

import (
	"os"
	"testing"

	"huoshui/internal/platform/warehouse/warehousetest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	warehousetest.StopClickHouse()
	os.Exit(code)
}

func TestClickHouseConforms(t *testing.T) {
	for shards, name := range map[int]string{1: "one server", 2: "two shards"} {
		t.Run(name, func(t *testing.T) {
			servers := warehousetest.ClickHouseServers(t, shards)
			warehousetest.Conform(t, func(t *testing.T) warehousetest.Engine {
				return warehousetest.OpenClickHouse(t, servers.Address())
			})
		})
	}
}
