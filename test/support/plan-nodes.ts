/** A step of a plan, as `explain (analyze, format json)` tells it. */
export interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly PlanNode[]
}

/** What the column of an explained plan holds. */
export interface ExplainedPlan {
  readonly 'QUERY PLAN': [{ readonly Plan: PlanNode }]
}

/** The steps of an explained plan, each before those below it. */
export const planNodes = ({ 'QUERY PLAN': [{ Plan: top }] }: ExplainedPlan): PlanNode[] => withBelow(top)

const withBelow = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(withBelow)]

/** All rows that a step read, wanted or not, over all its loops. */
export const rowsRead = (node: PlanNode): number => Math.round((node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'])
