import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { createRoot } from 'react-dom/client';
import 'graphiql/style.css';
import './workers.js';
import './explorer.css';
import { createFetcher } from './fetcher.js';
import { waterfallPlugin } from './waterfall/panel.jsx';
import { createRecorder } from './waterfall/recorder.js';

/** What the server wrote into the page: `{ name, endpoint, examples }`. */
const settings = JSON.parse(document.getElementById('explorer-settings').textContent);

const tabs = settings.examples.map((example) => ({
  query: example.source,
  variables: example.variables ?? null,
}));

/** On a first visit GraphiQL fills its variables editor from here, not from the first tab. */
const isFirstVisit = localStorage.getItem('graphiql:tabState') === null;

const emptyTab = `# A query for the ${settings.name} client. The docs are behind the book on the left;
# completion opens with Ctrl-Space, and Ctrl-Enter runs the query.
`;

const recorder = createRecorder();
const plugins = [waterfallPlugin(recorder), HISTORY_PLUGIN];

createRoot(document.getElementById('explorer')).render(
  <GraphiQL
    fetcher={createFetcher(new URL(settings.endpoint, location.href).href, recorder)}
    plugins={plugins}
    defaultTabs={tabs.length > 0 ? tabs : undefined}
    initialVariables={isFirstVisit ? (tabs[0]?.variables ?? undefined) : undefined}
    defaultQuery={emptyTab}
    defaultEditorToolsVisibility
    inputValueDeprecation
    schemaDescription
  >
    <GraphiQL.Logo>
      <span className="explorer-name">{settings.name}</span>
    </GraphiQL.Logo>
  </GraphiQL>,
);
