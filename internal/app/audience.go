package app

import (
	"context"
	"fmt"
	"time"

	"huoshui/internal/data/metric"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/settings"
	"huoshui/internal/user/audience"
	"huoshui/internal/user/hook"
	"huoshui/internal/user/layer"
)

// buildAudience makes the engine that walks everybody's facts and what looks on: layers and segments.
func (a *App) buildAudience(ctx context.Context) error {
	name, _, err := settings.Get(ctx, a.DB, "zone", "Asia/Shanghai")
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return fmt.Errorf("setting zone: %w", err)
	}
	a.Audience = audience.NewEngine(a.Warehouse, zone)
	a.Services.Metrics = metric.NewService(a.Warehouse, a.Clock.Now, zone)
	a.Services.Layers = layer.NewService(a.DB, a.Audience, a.Clock.Now, zone)
	a.Services.Segments = audience.NewService(a.DB, a.Audience, a.Clock.Now, a.Services.Layers)
	a.Services.Hooks = hook.NewService(a.DB, a.Stream, a.Keys, clock.System)
	return nil
}
