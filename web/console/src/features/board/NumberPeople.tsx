import { $api, keyset } from "@huoshui/api";
import { PeopleDrawer } from "@huoshui/ui";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

/** The numbers of a line that lead to people. */
export type NumberName =
  | "covered"
  | "holdout"
  | "planned"
  | "refused"
  | "sent"
  | "reached"
  | "opened"
  | "clicked"
  | "failed"
  | "unsubscribed"
  | "converted"
  | "converted_holdout";

/** Whose people are asked for. */
export interface Drill {
  kind: "strategies" | "campaigns";
  id: string;
  number: NumberName;
}

/** The drill as a text for the address. */
export function writeDrill(d: Drill): string {
  return `${d.kind}:${d.id}:${d.number}`;
}

/** The drill of an address, if it is one. */
export function readDrill(text: string): Drill | undefined {
  const [kind, id, number] = text.split(":");
  return (kind === "strategies" || kind === "campaigns") && id && number
    ? { kind, id, number: number as NumberName }
    : undefined;
}

/** The people behind a number of the board; the address remembers which. */
export function NumberPeople(props: { drill: string; onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const drill = readDrill(props.drill);
  const input = {
    params: { path: { id: drill?.id ?? "" }, query: { number: drill?.number ?? "covered", limit: 50 } },
  } as const;
  const ofStrategy = $api.useInfiniteQuery("get", "/api/v1/board/strategies/{id}/people", input, {
    ...keyset,
    enabled: drill?.kind === "strategies",
  });
  const ofCampaign = $api.useInfiniteQuery("get", "/api/v1/board/campaigns/{id}/people", input, {
    ...keyset,
    enabled: drill?.kind === "campaigns",
  });
  return (
    <PeopleDrawer
      open={!!drill}
      title={drill ? t(`board.number.${drill.number}`) : ""}
      definition={drill ? t(`board.why.${drill.number}`) : ""}
      query={drill?.kind === "campaigns" ? ofCampaign : ofStrategy}
      onClose={props.onClose}
      onPerson={(p) => void navigate({ to: `/customers/${p.id}` as never })}
    />
  );
}
